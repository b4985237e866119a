"""Notebook 12: DL-MIA, the attack on recommendation lists of Wang et al. (KDD 2022)."""
