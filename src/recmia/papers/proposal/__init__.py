"""The main study, one module a notebook: the proposal's tables and figures (000, proposal)."""

STUDY = "proposal"

# What a profile's `readings` are called in tables and figures.
READINGS = {
    "augmented_as_nonmembers": "augmented as non-members",
    "augmented_trained": "augmented also trained on",
}
