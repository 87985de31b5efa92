"""What a failure says of the memory of its turn, and of when to ask again."""

from __future__ import annotations

import pytest

from bot import errors
from bot.errors import BotError, RunState
from bot.playground.slack.pings import pings
from bot.slack import wording
from bot.slack.wording import failure, using

FORGOTTEN = "Flowise will not remember this question."
DOUBTFUL = "Don't count on Flowise remembering this question."
PLAIN_FAILURES = [
    errors.FlowiseUnreachable,
    errors.FlowiseUntrusted,
    errors.ProxyFailed,
    errors.FlowiseSlow,
    errors.FlowiseBroke,
    errors.FlowiseFailed,
    errors.FlowiseTooLarge,
    errors.FlowiseRateLimited,
    errors.UnknownChatflow,
    errors.KeyRefused,
    errors.NotFlowise,
]


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


@pytest.mark.parametrize(
    ("seconds", "wait"),
    [
        (0, "5 seconds"),
        (12.2, "15 seconds"),
        (15, "15 seconds"),
        (60, "60 seconds"),
        (61, "2 minutes"),
        (120, "2 minutes"),
    ],
)
def test_a_resting_flowise_says_when_to_ask_again(seconds: float, wait: str) -> None:
    assert f"again in {wait};" in failure(errors.FlowiseResting("x", retry_after=seconds), "abc123", partly=False)


@pytest.mark.parametrize("name", ["<!channel>", "<@U12345678>", "@here", "x" * 33 + "<!here>", "x" * 35 + "<!here>"])
def test_a_tool_whose_name_would_call_people_does_not_in_the_status(name: str) -> None:
    for tools in ((name,), ("a", name), ("<!", name, "here>")):
        assert pings(using(tools), (), (), frozenset(), parse=True) == []
        assert len(using(tools)) <= 50


@pytest.mark.parametrize(
    ("names", "number", "more", "told"),
    [
        (["a.csv"], 1, False, "There is also a file that I can't show yet: a.csv."),
        (["a.csv", "b.png"], 2, False, "There are also 2 files that I can't show yet: a.csv, b.png."),
        (["a.csv"], 2, False, "There are also 2 files that I can't show yet."),
        ([], 1, False, "There is also a file that I can't show yet."),
        ([*"abcde"], 5, False, "There are also 5 files that I can't show yet: a, b, c and 2 more."),
        ([*"ab"], 2, True, "There are also at least 2 files that I can't show yet."),
        ([], 0, True, "There are also files that I can't show yet."),
    ],
)
def test_files_are_named_where_they_can_be(names: list[str], number: int, more: bool, told: str) -> None:
    assert wording.result_files(names, number, more=more, alone=False) == told
    assert wording.result_files(names, number, more=more, alone=True) == told.replace(" also", "")


def test_each_failure_of_flowise_has_a_sentence_of_its_own() -> None:
    told = {failure(kind("x"), "r", partly=False) for kind in PLAIN_FAILURES}
    assert len(told) == len(PLAIN_FAILURES)
    assert not any("on my side" in sentence for sentence in told)
