"""Changes settings in a .env and keeps everything else that stands there; nobody else may read the file."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream

from bot.errors import SettingsError
from bot.settings.errors import NOT_UTF_8

# What may stand in a .env without quotes: no space, quote, comment or reference to a variable.
_PLAIN = re.compile(r"[\w@%+=:,./~^*-]*", re.ASCII)
_OURS_ALONE = 0o600


def present(file: Path) -> dict[str, str]:
    """The settings in a .env that have a value; none where there is no file.

    Raises:
        SettingsError: it cannot be read.
    """
    found = dotenv_values(stream=StringIO(_text(file)), interpolate=False)
    return {name: value for name, value in found.items() if value}


def write(file: Path, values: Mapping[str, str]) -> None:
    """Set values in a .env, which is made if there is none, in one step: a reader sees the old file or the new one.

    Raises:
        SettingsError: it cannot be read or written.
    """
    text, target = changed(_text(file), values), file.resolve()
    unfinished = ""
    try:
        # Made for this user alone, whatever the umask is.
        descriptor, unfinished = tempfile.mkstemp(prefix=".env-", dir=target.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as new:
            new.write(text)
            new.flush()
            os.fchmod(new.fileno(), _OURS_ALONE)
            os.fsync(new.fileno())
        os.replace(unfinished, target)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(unfinished)
        raise SettingsError(f"{file}: cannot be written ({error.strerror or type(error).__name__})") from None


def changed(text: str, values: Mapping[str, str]) -> str:
    """The text of a .env with other values: each is set where its name stands, or else in a line at the end."""
    lines = [_line(binding, values) for binding in parse_stream(StringIO(text))]
    named = {binding.key for binding in parse_stream(StringIO(text))}
    added = [f"{name}={_written(value)}\n" for name, value in values.items() if name not in named]
    before = "".join(lines)
    return "".join([before, "\n" if before and added and not before.endswith("\n") else "", *added])


def _line(binding: Binding, values: Mapping[str, str]) -> str:
    original = binding.original.string
    if binding.key is None or binding.key not in values or binding.error:
        return original
    head = re.match(r"\s*(?:export[^\S\r\n]+)?", original)
    return f"{head[0] if head else ''}{binding.key}={_written(values[binding.key])}\n"


def _written(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise SettingsError(f"{file}: {NOT_UTF_8}") from None
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read ({error.strerror or type(error).__name__})") from None
