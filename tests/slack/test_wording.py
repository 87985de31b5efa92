"""Tests the sentences that people read: one for each way to fail, in plain words, with whom to ask at its end."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from bot import errors
from bot.errors import BotError, RunState
from bot.playground.slack.pings import pings
from bot.slack import wording
from bot.slack.help_contact import NOBODY, asks
from bot.slack.wording import failure, support, using

REPEAT = "Please repeat it in full, I won't remember this attempt."
NOT_FOR_SLACK = {errors.SettingsError, errors.StoreDamaged}
"""Errors of the start, and those that are told like what they derive from."""


def leaves(kind: type[BotError]) -> Iterator[type[BotError]]:
    if not kind.__subclasses__():
        yield kind
    for below in kind.__subclasses__():
        yield from leaves(below)


TOLD = [kind for kind in leaves(BotError) if kind.__module__ == errors.__name__ and kind not in NOT_FOR_SLACK]
every_failure = pytest.mark.parametrize("kind", TOLD, ids=lambda kind: kind.__name__)


def made(kind: type[BotError]) -> BotError:
    if kind is errors.SlackRefused:
        return errors.SlackRefused("x", "channel_not_found")
    return errors.FlowiseResting("x", retry_after=3) if kind is errors.FlowiseResting else kind("x")


@every_failure
def test_each_way_to_fail_has_a_sentence_of_its_own(kind: type[BotError]) -> None:
    assert failure(made(kind)) != failure(BotError("x"))


def test_the_tree_of_errors_is_seen_whole() -> None:
    assert {errors.FlowiseSlow, errors.Unreadable, errors.SlackRefused, errors.FlowiseResting} <= set(TOLD)
    assert len(TOLD) >= 18


SENTENCES = [
    *(failure(made(kind), partly=partly, follows=True) for kind in TOLD for partly in (False, True)),
    *(value for name, value in vars(wording).items() if isinstance(value, str) and name.isupper()),
    *(wording.queued(before, busy=busy) for before in (1, 2, 7) for busy in (False, True)),
    *(wording.cannot_post(code) for code in ("restricted_action", "is_archived", "not_in_channel", "anything")),
    *(wording.no_files(["a.pdf"]), wording.only_files(["a.pdf"]), wording.other_command("/ask")),
    wording.usage("helper", "/ask"),
    wording.not_taken(NOBODY),
]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_no_sentence_speaks_of_what_a_person_in_a_channel_does_not_know(sentence: str) -> None:
    assert not re.search(r"flowise|chatflow|\bflows?\b|redis|api key|[A-Z]{3,}_", sentence, re.IGNORECASE)


@pytest.mark.parametrize(
    ("error", "is_said"),
    [
        (errors.FlowiseFailed("x", run=RunState.OVER), True),
        (errors.FlowiseSlow("x", run=RunState.UNKNOWN), True),
        (errors.Interrupted("x"), True),
        (errors.KeyRefused("x", run=RunState.NOT_STARTED), False),
        (errors.FlowiseEmpty("x", run=RunState.OVER), False),
        (errors.StoreUnavailable("x"), False),
    ],
)
def test_that_it_is_not_remembered_is_said_where_that_matters(error: BotError, is_said: bool) -> None:
    assert (REPEAT in failure(error, follows=True)) is is_said
    assert REPEAT not in failure(error)


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
def test_a_pause_after_failures_says_when_to_try_again(seconds: float, wait: str) -> None:
    assert f"try again in {wait}." in failure(errors.FlowiseResting("x", retry_after=seconds))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.FlowiseSlow("x"), "Still stuck? Ask in <#C0123ABCD>. Reference for support: abc"),
        (errors.KeyRefused("x"), "Ask in <#C0123ABCD>. Reference for support: abc"),
        (errors.FlowiseEmpty("x"), "Reference for support: abc"),
        (BotError("x"), "Still stuck? Ask in <#C0123ABCD>. Reference for support: abc"),
        (None, "Still stuck? Ask in <#C0123ABCD>. Reference for support: abc"),
    ],
)
def test_a_failure_says_whom_to_ask_unless_the_person_can_mend_it(error: BotError | None, expected: str) -> None:
    assert support(error, "abc", asks("C0123ABCD")) == expected


@pytest.mark.parametrize("name", ["<!channel>", "<@U12345678>", "@here", "x" * 33 + "<!here>", "x" * 35 + "<!here>"])
def test_a_tool_whose_name_would_call_people_does_not_in_the_status(name: str) -> None:
    for tools in ((name,), ("a", name), ("<!", name, "here>")):
        assert pings(using(tools), (), (), frozenset(), parse=True) == []
        assert len(using(tools)) <= 50
