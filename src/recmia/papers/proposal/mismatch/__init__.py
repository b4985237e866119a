"""Notebook 09: shadows that do not match the target."""
