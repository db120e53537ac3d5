"""How long a storm of returning visitors takes: learned from a capacity run, reckoned for other storms."""
