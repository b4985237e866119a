"""Model inversion by poisoning on matrix factorisation (Hidano et al., PoPETs 2020)."""
