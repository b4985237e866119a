"""One package a paper: only what that paper says. Each registers itself by its ``PAPER``."""
