"""Profiles, the pipeline that runs the notebooks, and the report."""
