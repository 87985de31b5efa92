"""Tests BOT_DECISIONS: who may decide, and what is refused."""

from __future__ import annotations

import pytest

from bot.slack import wording
from bot.slack.deciders import EXPECTED, Deciders, deciders


@pytest.mark.parametrize(
    ("setting", "expected", "sentence"),
    [
        ("asker", Deciders(), wording.DECIDED_BY_ASKER),
        (" Asker ", Deciders(), wording.DECIDED_BY_ASKER),
        ("thread", Deciders(thread=True), wording.DECIDED_BY_THREAD),
        ("U0123ABCD", Deciders(people=frozenset({"U0123ABCD"})), wording.DECIDED_BY_LISTED),
        (
            "U0123ABCD, S0123ABCD ,W0123ABCD,",
            Deciders(people=frozenset({"U0123ABCD", "W0123ABCD"}), groups=frozenset({"S0123ABCD"})),
            wording.DECIDED_BY_LISTED,
        ),
    ],
)
def test_who_may_decide(setting: str, expected: Deciders, sentence: str) -> None:
    assert deciders(setting) == expected
    assert deciders(setting).sentence == sentence


@pytest.mark.parametrize("setting", ["", ",", "everyone", "asker, U0123ABCD", "u0123abcd", "@ada", "C0123ABCD", "S1"])
def test_another_form_is_refused_with_what_is_expected(setting: str) -> None:
    with pytest.raises(ValueError, match="expected asker, thread") as refused:
        deciders(setting)
    assert str(refused.value) == EXPECTED
