"""Builds the modal in which a person fills in a form, and reads what was filled in.

Slack's limits are those of its documents: 24 characters of a title, 2,000 of a label, 255 of an id, 3,000 of a text,
100 options of 75 characters with values of 150.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bot.records.form import NO, YES, Form, FormEntry, FormField, is_number
from bot.slack import wording_of_forms as wording
from bot.slack.text.escaping import clean, one_line, prefix, shorten, units
from bot.slack.views import Submission, plain

_TITLE, _LABEL, _OPTION, _VALUE, _NAME, _LONGEST = 24, 300, 75, 150, 255, 3_000
_MOST_OPTIONS = 100
_LONGEST_NUMBER = 30


def form_view(callback_id: str, private: str, form: Form, typed: str) -> dict[str, Any]:
    """The modal of a form; the first field for a text has what the person has `typed`. `private` comes back with its
    submission, and has at most 3,000 characters."""
    fields, first = fields_of(form), next((field for field in fields_of(form) if field.kind == "string"), None)
    about = [{"type": "section", "text": plain(form.description)}] if form.description.strip() else []
    inputs = [_input(number, field, typed if field is first else "") for number, field in enumerate(fields)]
    return {
        "type": "modal",
        "callback_id": callback_id,
        "private_metadata": private,
        "title": plain(shorten(one_line(form.title), _TITLE) or wording.FORM_TITLE),
        "submit": plain(wording.SEND),
        "close": plain(wording.CANCEL),
        "blocks": [*about, *inputs],
    }


def fields_of(form: Form) -> tuple[FormField, ...]:
    """The fields that can be shown: each name once, and no choice without options."""
    named = {field.name: field for field in reversed(form.fields) if 0 < units(field.name) <= _NAME}
    return tuple(
        field
        for field in form.fields
        if named.get(field.name) is field and (field.kind != "options" or _options(field))
    )


def _input(number: int, field: FormField, typed: str) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": _block(number),
        "label": plain(shorten(one_line(field.label), _LABEL) or shorten(one_line(field.name), _LABEL) or "…"),
        "element": {"action_id": field.name, **_element(field, typed)},
    }


def _block(number: int) -> str:
    return f"field_{number}"


def _element(field: FormField, typed: str) -> dict[str, Any]:
    match field.kind:
        case "number":
            return {"type": "number_input", "is_decimal_allowed": True}
        case "boolean":
            options = [_option(wording.YES, YES), _option(wording.NO, NO)]
            return {"type": "radio_buttons", "options": options}
        case "options":
            return {"type": "static_select", "options": [_option(text, value) for value, text in _options(field)]}
    initial = prefix(clean(typed).strip(), _LONGEST)
    shown = {"initial_value": initial} if initial else {}
    return {"type": "plain_text_input", "multiline": True, "max_length": _LONGEST, **shown}


def _options(field: FormField) -> list[tuple[str, str]]:
    """The value that Slack sends for each option, and its text: each value once."""
    values = {prefix(clean(option).strip(), _VALUE).strip(): option for option in field.options}
    return [(value, option) for value, option in values.items() if value][:_MOST_OPTIONS]


def _option(text: str, value: str) -> dict[str, object]:
    return {"text": plain(shorten(one_line(text), _OPTION) or "…"), "value": value}


def filled(form: Form, sent: Submission) -> tuple[FormEntry, ...] | dict[str, str]:
    """What was filled in; or what is wrong with it, by the names of the blocks. Slack checks it before, but the form
    may have become another one meanwhile."""
    entries: list[FormEntry] = []
    wrong: dict[str, str] = {}
    for number, field in enumerate(fields_of(form)):
        block = _block(number)
        name, given = sent.values.get(block, ("", ""))
        if name != field.name:
            return {next(iter(sent.values), block): wording.FORM_CHANGED}
        text = _read(field, clean(given).strip())
        if objection := _objection(field, text):
            wrong[block] = objection
        entries.append(FormEntry(field.name, field.kind, text))
    return wrong or tuple(entries)


def _read(field: FormField, given: str) -> str:
    """The text of a value, empty where there is none."""
    match field.kind:
        case "options":
            return dict(_options(field)).get(given, "")
        case "boolean":
            return given if given in {YES, NO} else ""
        case "number":
            return given[:_LONGEST_NUMBER]
    return given[:_LONGEST]


def _objection(field: FormField, text: str) -> str:
    if not text:
        return wording.FIELD_EMPTY
    return wording.NO_NUMBER if field.kind == "number" and not is_number(text) else ""


def as_text(form: Form, entries: Iterable[FormEntry]) -> str:
    """A filled form as people read it, a line for each field."""
    labels = {field.name: one_line(field.label) for field in form.fields}
    shown = {("boolean", YES): wording.YES, ("boolean", NO): wording.NO}
    return "\n".join(
        f"{labels.get(entry.name) or entry.name}: {shown.get((entry.kind, entry.text), entry.text)}"
        for entry in entries
    )
