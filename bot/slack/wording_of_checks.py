"""Holds what `python -m bot certify` writes in Slack, where it stands for some minutes."""

from __future__ import annotations

from typing import Final

RUNNING: Final = "I'm checking how Slack shows my messages. This thread goes away in about ten minutes."
SAMPLE: Final = "A sample."
GROWS: Final = "A sample that grows."
ADDRESS: Final = "https://slack.com/"
"""An address that everybody may fetch."""

LINKED: Final = f"A sample with [a link]({ADDRESS})."
RICH_TEXT: Final = (
    "A **sample** with *styles*, ~~more~~ and `code`.\n\n"
    "1. one\n2. two\n   - below\n\n> A quote.\n\n```python\nprint(1)\n```\n\n"
    f"[A link]({ADDRESS})"
)
TABLE: Final = "| sample | number |\n|---|---:|\n| **one** | 1 |\n| two | 2 |"
LIST: Final = "Before.\n\n- one\n- two\n\nAfter."
EMOJI: Final = "A sample :rocket:"
PLAN: Final = "Samples"
STEP: Final = "A step"
FILE: Final = "A sample file.\n"
FILE_NAME: Final = "sample.txt"
FILE_TITLE: Final = "A sample"
HOME: Final = "Mention me in a channel, or write to me directly."
BUTTON: Final = "A button"
