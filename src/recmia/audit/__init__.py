"""Audits of systems other than the study's: what exported files say about their users."""
