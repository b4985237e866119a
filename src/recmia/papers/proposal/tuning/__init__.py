"""Notebook 08: a target tuned on validation."""
