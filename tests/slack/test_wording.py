"""What a failure says of the memory of its turn."""

from __future__ import annotations

import pytest

from bot import errors
from bot.errors import BotError, RunState
from bot.slack.wording import failure

FORGOTTEN = "Flowise will not remember this question."
DOUBTFUL = "Don't count on Flowise remembering this question."


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (errors.FlowiseFailed("x", run=RunState.OVER), FORGOTTEN),
        (errors.KeyRefused("x", run=RunState.NOT_STARTED), FORGOTTEN),
        (errors.FlowiseSlow("x", run=RunState.UNKNOWN), DOUBTFUL),
        (errors.Interrupted("x"), DOUBTFUL),
        (errors.FlowiseEmpty("x", run=RunState.OVER), ""),
        (errors.StoreUnavailable("x"), ""),
    ],
)
def test_a_failure_says_whether_its_question_is_remembered(error: BotError, told: str) -> None:
    sentence = failure(error, "abc123", partly=False)
    assert [words for words in (FORGOTTEN, DOUBTFUL) if words in sentence] == ([told] if told else [])
    assert sentence.endswith(" (ref abc123)")
