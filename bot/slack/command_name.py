"""Checks the name of a slash command."""

from __future__ import annotations


def command_name(value: str) -> str:
    """Return the name of a slash command in lower case. Raises ValueError."""
    # 32 characters: Slack docs, App manifest reference.
    if not value.startswith("/") or not 2 <= len(value) <= 32 or any(letter.isspace() for letter in value):
        raise ValueError("expected a slash and a name, such as /flowise, of at most 32 characters")
    return value.lower()
