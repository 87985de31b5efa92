"""Reads the configuration file, and says of each mistake in which line it is and what is expected there."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, ValidationError

from bot.config.lines import Lines
from bot.config.lines import Path as KeyPath
from bot.config.model import Configuration
from bot.errors import SettingsError

MOST_BYTES = 1_000_000

# By pydantic's names of the problems; the rest is worded by pydantic.
_PROBLEMS = {
    "missing": "not set; expected a value",
    "string_type": "expected text in quotes",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "tuple_type": "expected a list in brackets",
    "dict_type": "expected a table",
    "model_type": "expected a table",
    "too_short": "expected at least one",
    "literal_error": "expected {expected}",
    "greater_than": "expected more than {gt}",
    "greater_than_equal": "expected at least {ge}",
    "less_than_equal": "expected at most {le}",
}
# What people would write a secret under.
_SECRETS = {"api_key": "api_key_env or api_key_file", "headers": "headers_env"}


def read_file(path: Path) -> str:
    """Return the text of a configuration file. Raises SettingsError."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise SettingsError(f"BOT_CONFIG: {path} cannot be read ({error.strerror or type(error).__name__})") from None
    if len(content) > MOST_BYTES:
        raise SettingsError(f"BOT_CONFIG: {path} is larger than {MOST_BYTES:,} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SettingsError(f"BOT_CONFIG: {path}: expected a text file in UTF-8") from None


def configuration(text: str, name: str) -> Configuration:
    """Read a configuration from the text of the file that is called `name`.

    Raises:
        SettingsError: a line for each mistake, with its place and what is expected. No line holds a value.
    """
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise SettingsError(f"{name}: no TOML: too many tables or lists within each other") from None
    except ValueError as error:  # of a number that is too long, it is not tomllib's own
        raise SettingsError(f"{name}: no TOML: {error}") from None
    try:
        read = Configuration.model_validate(document)
    except ValidationError as error:
        found = list(_mistakes(error))
    else:
        found = list(_unknown_flows(read))
        if not found:
            return read
    raise SettingsError("\n".join(sorted_by_line(name, text, found)))


def sorted_by_line(name: str, text: str, found: list[tuple[KeyPath, str]]) -> list[str]:
    """A line for each problem, with the name of the file, the line and the key: `bot.toml:3: flows.it.url: …`."""
    lines = Lines(text)
    placed = sorted((lines.line_of(path), written(path), what) for path, what in found)
    return [f"{name}:{line}: {key}: {what}" if key else f"{name}:{line}: {what}" for line, key, what in placed]


def written(path: KeyPath) -> str:
    """A key with the tables around it: `routes[0].channels`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f"{'.' if text else ''}{part}"
    return text


def _mistakes(error: ValidationError) -> Iterator[tuple[KeyPath, str]]:
    problems = [(_path(problem["loc"]), dict(problem)) for problem in error.errors()]
    around = {path[:depth] for path, _ in problems for depth in range(len(path))}
    for path, problem in problems:
        # What is wrong in a list is not counted, so that the list may be too short as well.
        if not (problem["type"] == "too_short" and path in around):
            yield path, _expected(problem)


def _path(where: tuple[str | int, ...]) -> KeyPath:
    return tuple(part for part in where if part != "[key]")  # of a table that is named wrongly


def _expected(problem: Mapping[str, object]) -> str:
    kind, context = str(problem["type"]), problem.get("ctx")
    if kind == "extra_forbidden":
        return _unknown(problem["loc"])
    if kind in _PROBLEMS:
        return _PROBLEMS[kind].format_map(context if isinstance(context, dict) else {})
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{message[0].lower()}{message[1:]}"


def _unknown(where: object) -> str:
    """What is said of a key that there is none of."""
    assert isinstance(where, tuple)  # noqa: S101  # pydantic's word
    key = str(where[-1])
    if key in _SECRETS:
        return f"expected no secret in the file, but where it is: {_SECRETS[key]}"
    fields = list(_table(where[:-1]).model_fields)
    meant = difflib.get_close_matches(key, fields, 1)
    return f"unknown; did you mean {meant[0]}?" if meant else f"unknown; expected one of {', '.join(fields)}"


def _table(where: tuple[str | int, ...]) -> type[BaseModel]:
    """The table at a path, which pydantic has walked before."""
    table: type[BaseModel] = Configuration
    annotation: object = Configuration
    for part in where:
        annotation = table.model_fields[part].annotation if part in table.model_fields else annotation
        table = next(_tables(annotation), table)
    return table


def _tables(annotation: object) -> Iterator[type[BaseModel]]:
    """The tables in an annotation such as `dict[str, Flow]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _tables(inner)


def _unknown_flows(read: Configuration) -> Iterator[tuple[KeyPath, str]]:
    expected = f"expected the name of a flow in this file: {', '.join(read.flows)}"
    if read.default is not None and read.default not in read.flows:
        yield ("default",), expected
    for index, route in enumerate(read.routes):
        if route.flow not in read.flows:
            yield ("routes", index, "flow"), expected
