"""What people read who have asked as much as they may."""

from __future__ import annotations

from bot.slack.text.moments import moment

AFTER_OWN = "I'll start on this when I'm done with other questions of yours…"
SOON = "I've been asked a lot in a short time. I'll start on this within two minutes…"


def person_limit(at: float) -> str:
    """A person has asked as much as one may; `at` is when they may ask again, in epoch seconds."""
    return (
        f"You've asked me as much as I may answer for now, so I haven't looked at this. Please ask again {moment(at)}."
    )


def channel_limit(at: float) -> str:
    """The same of all people in a channel together."""
    return (
        "I've been asked as much here as I may answer for now, so I haven't looked at this. "
        f"Please ask again {moment(at)}."
    )
