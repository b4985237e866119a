"""Notebook 25: a published recommender that nobody here trained, audited by its interactions."""
