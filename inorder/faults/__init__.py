"""Faults: deliberate wrongness of a server or of the network, named, seeded, with a rate and a time window."""
