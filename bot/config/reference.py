"""Makes the documentation of the configuration file, and its JSON schema, from its model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot.config.merging import setting_of
from bot.config.model import (
    Access,
    Admins,
    Channels,
    Configuration,
    Fairness,
    Flow,
    Groups,
    People,
    Route,
    Table,
)

# The tables of the file by their heads.
_TABLES: tuple[tuple[str, type[Table]], ...] = (
    ("[flows.NAME]", Flow),
    ("[[routes]]", Route),
    ("[access]", Access),
    ("[access.people]", People),
    ("[access.groups]", Groups),
    ("[access.channels]", Channels),
    ("[fairness]", Fairness),
    ("[admins]", Admins),
)
_KINDS = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false"}


def schema() -> str:
    """The JSON schema of the file."""
    made = Configuration.model_json_schema()
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


def tables() -> str:
    """The keys of each table of the file, as tables in Markdown."""
    parts = ["Above all tables stands:", "", *_rows(Configuration, ("default",))]
    for head, table in _TABLES:
        parts += ["", f"### `{head}`", "", f"{table.__doc__}", "", *_rows(table, tuple(table.model_fields))]
    return "\n".join(parts)


def _rows(table: type[Table], names: tuple[str, ...]) -> list[str]:
    """A row for each key that holds no table: what is expected, what holds without it, and what it means."""
    known = table.model_json_schema()["properties"]
    rows = ["| key | value | without it | meaning |", "|---|---|---|---|"]
    for name in names:
        info, described = table.model_fields[name], known[name]
        if not info.description:
            continue  # a table of its own
        setting, default = setting_of(table, name), described.get("default")
        without = f"`{setting}`" if setting else (f"`{json.dumps(default)}`" if default else "")
        without = "required" if info.is_required() else without
        rows.append(f"| `{name}` | {_kind(described)} | {without} | {info.description} |")
    return rows


def _kind(described: Mapping[str, Any]) -> str:
    """What is expected, in words."""
    option = next(option for option in described.get("anyOf", [described]) if option.get("type") != "null")
    if "enum" in option:
        return " or ".join(f"`{json.dumps(value)}`" for value in option["enum"])
    if option.get("type") == "array":
        return "a list"
    such = option.get("examples", [])
    return " such as ".join([_KINDS[str(option["type"])], *(f"`{json.dumps(example)}`" for example in such)])
