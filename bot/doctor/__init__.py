"""Checks the settings and everything they point to without asking a question: `python -m bot doctor`."""
