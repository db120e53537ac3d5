"""How far out of order events are, whatever was promised: sums over visitors that add up (docs/measures.md)."""
