"""Notebook 11: Biased-MIA, the attack on recommendation lists of Zhang et al. (CCS 2021)."""
