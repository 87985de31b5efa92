"""A decision's blocks: labels and arguments are hostile text, and who has decided takes the buttons' place."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playground.slack.blocks import check_blocks
from bot.playground.slack.pings import pings
from bot.slack.text.block import Blocks
from bot.slack.text.blocks import note, plain, shown
from bot.slack.text.decision_blocks import button_text, decided, decision_buttons, decision_note, tool_list
from bot.slack.text.escaping import units

EVIL = "<!channel> <@U000000001> @here <https://evil.example|ok> *bold* `code` :boom: \u202e\n\n" + "x" * 500


def blocks(label: str, argument: str = "input") -> Blocks:
    """All of a decision with this text everywhere."""
    tools = tool_list([(label, [(argument, label), (label, "")]), ("", [])])
    return (*tools, decision_note(label), decision_buttons(label, label, ("says yes", "says no"), "[]"))


@pytest.mark.parametrize("label", ["Proceed", "", " ", "\n", "x" * 75, "x" * 76, "🎈" * 80, EVIL])
def test_slack_takes_any_label(label: str) -> None:
    check_blocks(json.loads(json.dumps(blocks(label))))


@given(st.text(max_size=120), st.text(max_size=40))
def test_no_text_pings_links_or_breaks_a_block(label: str, argument: str) -> None:
    made = blocks(label, argument)
    check_blocks(json.loads(json.dumps(made)))
    assert pings("", made, (), frozenset(), parse=False) == []
    assert '"link"' not in json.dumps(made)


def test_hostile_text_stands_there_as_text() -> None:
    made = blocks(EVIL)
    assert pings("", made, (), frozenset(), parse=False) == []
    assert "<!channel>" in shown(tool_list([("t", [("to", "<!channel>")])]))


def test_a_label_is_one_line_of_seventy_five_characters() -> None:
    assert button_text(" Go\non ") == "Go on"
    assert units(button_text("x" * 500)) == 75
    assert button_text("\n") == "…"


def test_what_a_colour_means_is_said_in_words() -> None:
    elements = decision_buttons("Yes", "No" * 60, ("says yes", "says no"), "v")["elements"]
    assert isinstance(elements, list)
    assert [(one["style"], one["value"]) for one in elements] == [("primary", "v"), ("danger", "v")]
    assert elements[0]["accessibility_label"] == "Yes: says yes"
    assert elements[1]["accessibility_label"].endswith("…: says no")
    assert all(units(one["accessibility_label"]) <= 75 for one in elements)


def test_who_chose_what_stands_where_the_buttons_stood() -> None:
    above, below = plain("Shall I?"), note("a footnote")
    asks = (*above, decision_note("Decide."), decision_buttons("Yes", "No", ("", ""), "v"), below)
    found = decided(asks, "<!here> chose “Yes”.")
    assert found is not None
    assert found[0] == above[0]
    assert found[2:] == (below,)
    assert shown(found).splitlines() == ["Shall I?", "&lt;!here&gt; chose “Yes”.", "a footnote"]


def test_without_such_buttons_nothing_is_replaced() -> None:
    other = {"type": "actions", "elements": [{"type": "button", "action_id": "ask_again"}]}
    for standing in ((), plain("Shall I?"), (other,), ({"type": "actions", "elements": "x"},)):
        assert decided(standing, "x") is None
