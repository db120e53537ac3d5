"""The figures of a report: each a Picture that says in words what it shows and can be drawn at any width."""
