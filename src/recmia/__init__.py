"""recmia: what recommenders leak about the people they learned from."""

__version__ = "0.1.0"
