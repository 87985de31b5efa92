"""Writes a time into a sentence of ours, which Slack shows to each reader in their own zone."""

from __future__ import annotations

import math
import re
from typing import Final

FORMAT: Final = "{date_short_pretty} at {time}"
"""Such as "today at 2:05 PM", where Slack shows it (Slack docs, Formatting message text)."""

MOMENT: Final = re.compile(rf"<!date\^(\d{{1,12}})\^{re.escape(FORMAT)}\|([^<>|]{{1,40}})>")
"""A time in a sentence: its epoch seconds, and what is read where Slack does not show it."""


def moment(at: float) -> str:
    """A time in epoch seconds as it stands in a sentence, rounded up to a minute, as clients show no seconds."""
    minute = math.ceil(at / 60) * 60
    hour, past = minute % 86_400 // 3600, minute % 3600 // 60
    spoken = f"at {hour:02}:{past:02} UTC"
    return f"<!date^{minute}^{FORMAT}|{spoken}>"


def without_moments(text: str) -> str:
    """A sentence with its times as they are read where Slack does not show them."""
    return MOMENT.sub(r"\2", text)
