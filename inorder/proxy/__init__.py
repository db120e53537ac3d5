"""The proxy: stands between client and server, passes HTTP/1.1 on unchanged, and does what faults of the network do."""
