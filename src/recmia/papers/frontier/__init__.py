"""The audit: a membership game with shadow models, every attack on it, bounds, and defences."""
