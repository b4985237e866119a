"""Notebook 07: leakage against the number of training sessions."""
