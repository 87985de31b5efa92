"""Words what is wrong with the settings and with .env: one line each, which never holds a value."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path

from dotenv.parser import Binding, parse_stream
from pydantic import ValidationError

from bot.slack import tokens

NOT_UTF_8 = "expected a text file in UTF-8; save it anew in that encoding (some editors call others Unicode or ANSI)"

# How alike two names must be: FLOWISE_CHATFLOWID is meant to be FLOWISE_CHATFLOW_ID, but FLOWISE_PASSWORD, which is
# Flowise's own, is meant to be nothing of ours.
_ALIKE = 0.85

_EXPECTED = {
    "slack_bot_token": tokens.BOT.expected,
    "flowise_url": "the address of your Flowise, such as http://localhost:3000",
    "flowise_chatflow_id": "the chatflow's id: the last part of its address in Flowise",
}
# By pydantic's names of the problems; the rest is worded by pydantic.
_PROBLEMS = {
    "float_parsing": "expected a number",
    "int_parsing": "expected a whole number",
    "int_from_float": "expected a whole number",
    "bool_parsing": "expected true or false",
    "literal_error": "expected {expected}",
    "greater_than": "expected more than {gt}",
    "greater_than_equal": "expected at least {ge}",
    "less_than_equal": "expected at most {le}",
}


def worded(error: ValidationError) -> list[str]:
    """A line for each problem: the name of the setting, a colon, and what is expected."""
    return [_line(dict(problem)) for problem in error.errors()]


def _line(problem: Mapping[str, object]) -> str:
    where, kind = problem["loc"], str(problem["type"])
    name = str(where[0]).lower() if isinstance(where, tuple) and where else ""
    if kind == "missing":
        return f"{name.upper()}: not set; expected {_EXPECTED.get(name, 'a value')}"
    if kind in _PROBLEMS:
        context = problem.get("ctx")
        return f"{name.upper()}: {_PROBLEMS[kind].format_map(context if isinstance(context, dict) else {})}"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{name.upper()}: {message[0].lower()}{message[1:]}"


def about_file(error: ValidationError, file: Path, fields: Iterable[str]) -> list[str]:
    """A line for each mistake in .env, or one that says where it was looked for, if a setting is missing."""
    if file.is_file():
        return problems_of(file, fields)
    if all(problem["type"] != "missing" for problem in error.errors()):
        return []
    return [f"{file.name}: there is none in {file.absolute().parent}; expected a copy of .env.example, filled in"]


def problems_of(file: Path, fields: Iterable[str]) -> list[str]:
    """A line for each hidden mistake in a .env: a name that is no setting, a line that is left out. None has a value.

    `fields` are the names of all settings.
    """
    if not file.is_file():
        return []
    return [
        *_left_out(file),
        *(f"{name}: not a setting; did you mean {meant}?" for name, meant in misspelt(file, fields)),
    ]


def misspelt(file: Path, fields: Iterable[str]) -> list[tuple[str, str]]:
    """The names in a .env that are almost those of settings which it does not set, and these settings."""
    names = {binding.key for binding in _bindings(file) if binding.key}
    settings, given = {field.upper() for field in fields}, {name.upper() for name in names}
    near = {name: difflib.get_close_matches(name, settings - given, 1, _ALIKE) for name in sorted(given - settings)}
    return [(name, found[0]) for name, found in near.items() if found]


def _left_out(file: Path) -> list[str]:
    return [
        f"{file.name}: line {binding.original.line} is left out, as it is not NAME=value; is a quote missing?"
        for binding in _bindings(file)
        if binding.error
    ]


def _bindings(file: Path) -> list[Binding]:
    with file.open(encoding="utf-8-sig") as lines:
        return list(parse_stream(lines))
