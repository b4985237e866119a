"""The main study, one module a notebook: the proposal's tables and figures (000, proposal)."""
