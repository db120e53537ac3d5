"""What the system under test stored, read back and made evidence."""
