"""The faults of the server: each a step on the way of a batch to the store, or of the log to its reader."""
