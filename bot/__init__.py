"""Flowise for Slack: a chatflow, answering in Slack."""

__version__ = "0.1.0"
