"""Notebook 13: model inversion by poisoning, the attack of Hidano et al. (PoPETs 2020)."""
