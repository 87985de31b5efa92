"""Tells Slack's tokens apart by how they begin, so that one that was put into the wrong setting is named."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of secret. `prefix` is what it begins with, `expected` names it and where Slack's pages show it."""

    prefix: str
    expected: str


BOT = Kind("xoxb-", "the bot token (xoxb-…) from OAuth & Permissions")
APP = Kind("xapp-", "an app-level token (xapp-…) from Basic Information, App-Level Tokens")
SIGNING_SECRET = Kind("", "the Signing Secret from Basic Information, App Credentials")
ANY = Kind("", "one word")

# Slack docs, Tokens. What begins with another of these is never the one that is expected.
_OTHERS = {
    "xoxb-": "a bot token, which belongs in SLACK_BOT_TOKEN",
    "xapp-": "an app-level token, which belongs in SLACK_APP_TOKEN",
    "xoxp-": "a user token",
    "xoxe.xoxp-": "a configuration token, or a user token that expires",
    "xoxe.xoxb-": "a token that expires, since token rotation is on: create the app again from the manifest",
    "xoxe-": "a refresh token",
    "xoxc-": "a token of a browser's session",
    "xoxs-": "a token of a browser's session",
}
# Straight ones, which `docker run --env-file` keeps, and those that a word processor makes of them.
_QUOTES = "\"'`\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb"


def check(value: str, kind: Kind) -> None:
    """Check that a secret can be one of that kind.

    Raises:
        ValueError: it cannot, in words for the operator. The text does not repeat it.
    """
    if value.startswith(tuple(_QUOTES)):
        raise ValueError("expected the value without quotes around it")
    if not value.isascii() or not value.isprintable() or any(letter.isspace() for letter in value):
        raise ValueError("expected one word of plain characters, without line breaks or spaces")
    if kind is ANY or (kind.prefix and value.startswith(kind.prefix)):
        return
    other = next((what for prefix, what in _OTHERS.items() if value.startswith(prefix)), "")
    if other:
        raise ValueError(f"this is {other}; expected {kind.expected}")
    if kind.prefix:
        raise ValueError(f"expected {kind.expected}")
