"""The system under test: its target file, the secrets from the environment, TLS, outcomes, and what keeps it from harm."""
