"""Checks on a real workspace what is only assumed of Slack: `python -m bot certify --channel C…`."""
