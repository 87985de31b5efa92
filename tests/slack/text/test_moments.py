"""Times in sentences of ours: dates for Slack, and words where it shows none."""

from __future__ import annotations

from typing import Any

import pytest

from bot.slack.text.blocks import sentence_blocks, shown
from bot.slack.text.moments import FORMAT, moment, without_moments


@pytest.mark.parametrize(
    ("at", "minute", "spoken"),
    [
        (1_800_000_000.0, 1_800_000_000, "at 08:00 UTC"),
        (1_800_000_000.1, 1_800_000_060, "at 08:01 UTC"),  # never too early
        (1_799_971_199.0, 1_799_971_200, "at 00:00 UTC"),
    ],
)
def test_a_time_is_a_date_that_each_reader_sees_in_their_zone(at: float, minute: int, spoken: str) -> None:
    sentence = f"Please ask again {moment(at)}, with `quiet`."
    blocks: Any = sentence_blocks(sentence)
    assert blocks[0]["elements"][0]["elements"] == [
        {"type": "text", "text": "Please ask again "},
        {"type": "date", "timestamp": minute, "format": FORMAT, "fallback": spoken},
        {"type": "text", "text": ", with "},
        {"type": "text", "text": "quiet", "style": {"code": True}},
        {"type": "text", "text": "."},
    ]
    assert without_moments(sentence) == f"Please ask again {spoken}, with `quiet`."
    assert spoken in shown(blocks)


@pytest.mark.parametrize(
    "text", ["<!here>", "<!date^1^{date}|x>", f"<!date^x^{FORMAT}|x>", f"<!date^1^{FORMAT}|<!here>>"]
)
def test_nothing_else_is_a_time(text: str) -> None:
    blocks: Any = sentence_blocks(text)
    assert blocks[0]["elements"][0]["elements"] == [{"type": "text", "text": text}]
