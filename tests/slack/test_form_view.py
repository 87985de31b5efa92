"""A form is a modal that Slack takes, whatever its flow says, and what is sent of it is checked once more."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bot.playground.slack.blocks import check_blocks
from bot.playground.slack.pings import pings
from bot.playground.slack.view_methods import check
from bot.records.form import Form, FormEntry, FormField, as_question, is_number
from bot.slack import wording_of_forms as wording
from bot.slack.form_view import as_text, fields_of, filled, form_view
from bot.slack.text.blocks import quoted_question
from bot.slack.views import Submission
from tests.slack.text.test_citations import links

ORDER = Form(
    "Order",
    "What do you want?",
    (
        FormField("item", "Item", "string"),
        FormField("count", "How many", "number"),
        FormField("gift", "Gift", "boolean"),
        FormField("size", "Size", "options", ("small", "large")),
    ),
)
KINDS = st.sampled_from(["string", "number", "boolean", "options", "date", ""])
FIELDS = st.builds(FormField, st.text(), st.text(), KINDS, st.lists(st.text(max_size=20), max_size=4).map(tuple))


def sent(**texts: str) -> Submission:
    names = [field.name for field in ORDER.fields]
    return Submission("U1", "", "", values={f"field_{n}": (name, texts[name]) for n, name in enumerate(names)})


GOOD = {"item": " rye ", "count": "3", "gift": "false", "size": "large"}
ENTRIES = (
    FormEntry("item", "string", "rye"),
    FormEntry("count", "number", "3"),
    FormEntry("gift", "boolean", "false"),
    FormEntry("size", "options", "large"),
)


def test_what_was_filled_in_is_read_and_told() -> None:
    entries = filled(ORDER, sent(**GOOD))
    assert entries == ENTRIES
    assert {entry.name: entry.value for entry in ENTRIES} == {"item": "rye", "count": 3, "gift": False, "size": "large"}
    assert as_question(ENTRIES) == "item: rye\ncount: 3\ngift: false\nsize: large"
    assert as_text(ORDER, ENTRIES) == "Item: rye\nHow many: 3\nGift: No\nSize: large"


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"item": " \x00 "}, {"field_0": wording.FIELD_EMPTY}),
        ({"count": "three"}, {"field_1": wording.NO_NUMBER}),
        ({"count": "1e400"}, {"field_1": wording.NO_NUMBER}),
        ({"gift": "perhaps"}, {"field_2": wording.FIELD_EMPTY}),
        ({"size": "huge"}, {"field_3": wording.FIELD_EMPTY}),
        ({"count": "", "size": ""}, {"field_1": wording.FIELD_EMPTY, "field_3": wording.FIELD_EMPTY}),
    ],
)
def test_what_is_wrong_is_told_at_its_field(changes: dict[str, str], wrong: dict[str, str]) -> None:
    assert filled(ORDER, sent(**GOOD | changes)) == wrong


def test_a_form_that_has_changed_is_told_of() -> None:
    other = Form("", "", (FormField("city", "City", "string"), *ORDER.fields[1:]))
    assert filled(other, sent(**GOOD)) == {"field_0": wording.FORM_CHANGED}
    assert filled(ORDER, Submission("U1", "", "")) == {"field_0": wording.FORM_CHANGED}


@pytest.mark.parametrize(("text", "value"), [("3", 3), ("-2.50", -2.5), ("007", 7), ("9" * 15, 10**15 - 1)])
def test_a_number_is_sent_as_one_and_found_as_flowise_writes_it(text: str, value: float) -> None:
    assert is_number(text)
    assert FormEntry("n", "number", text).value == value
    assert json.loads(json.dumps(value)) == value
    assert as_question([FormEntry("n", "number", "-2.50")]) == "n: -2.5"


HOSTILE = st.text(max_size=30) | st.sampled_from(["<!channel> <@U1>", "[a](https://evil.example)", "```", "@here\n> x"])


@given(st.lists(HOSTILE, min_size=4, max_size=4), HOSTILE)
def test_nothing_that_was_filled_in_pings_or_links_where_the_channel_sees_it(texts: list[str], label: str) -> None:
    form = Form("", "", tuple(replace(field, label=label) for field in ORDER.fields))
    entries = tuple(replace(entry, text=text) for entry, text in zip(ENTRIES, texts, strict=True))
    blocks = quoted_question("Ada", as_text(form, entries))
    check_blocks(list(blocks), "message", "/blocks")
    assert pings("", blocks, (), frozenset(), parse=True) == []
    assert links(blocks) == []


BREAD = "\U0001f35e" * 298
LARGE = Form(
    BREAD,
    "x" * 300,
    tuple(
        FormField(f"{number} {kind} {'n' * 240}", BREAD, kind, tuple(f"{option} {'x' * 298}" for option in range(120)))
        for number, kind in enumerate(["options", *["string", "number", "boolean"] * 16])
    ),
)


@example(form=LARGE, typed=BREAD * 12)
@given(
    form=st.builds(Form, st.text(max_size=40), st.text(max_size=40), st.lists(FIELDS, max_size=4).map(tuple)),
    typed=st.text(max_size=40),
)
def test_slack_takes_every_form_and_every_choice_in_it_can_be_sent(form: Form, typed: str) -> None:
    assume(fields_of(form))  # others are no forms
    view: Any = json.loads(json.dumps(form_view("form", "private", form, typed)))
    check(view, "modal")
    values: dict[str, tuple[str, str]] = {}
    for block in view["blocks"]:
        assert block["type"] == "section" or block["label"]["type"] == "plain_text"
        if block["type"] == "input":
            element = block["element"]
            options = element.get("options")
            text = options[-1]["value"] if options else "5" if element["type"] == "number_input" else "words"
            values[block["block_id"]] = (element["action_id"], text)
    assert len(values) == len(fields_of(form))
    entries = filled(form, Submission("U1", "", "", values=values))
    assert isinstance(entries, tuple)
    assert [entry.name for entry in entries] == [field.name for field in fields_of(form)]
