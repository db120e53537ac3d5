"""A proxy between clients and a server that does to their traffic what networks do."""
