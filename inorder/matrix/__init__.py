"""The fault matrix: a short run for each fault, so that judging it shows that the fault is found."""
