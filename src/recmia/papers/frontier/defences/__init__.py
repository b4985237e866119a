"""Notebook 24: what defences cost and what they prevent, against an adversary who knows them."""
