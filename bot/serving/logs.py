"""Formats the log: one line an event, as text or JSON, and never with a secret in it."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import unicodedata
from collections.abc import Iterable
from typing import TextIO

import structlog
from structlog.types import EventDict, ExcInfo, Processor, WrappedLogger

from bot.background.question_log import with_flow

_SECRET_SHAPES = (
    r"\b(?:xox[a-z]-|xapp-|xoxe\.)[\w-]+",  # Slack's tokens, also those that are not ours
    r"(?<=Bearer )[\w.~+/-]+=*",
    r"(?:(?<=uthorization: Basic )|(?<=uthorization['\"]: ['\"]Basic ))[\w+/]+=*",
    r"(?<=[?&]ticket=)[\w.~%+/-]+",  # of a Socket Mode address, which slack_sdk logs when a handshake fails
    r"(?<=://)[^\s/@:]*:[^\s/@]+(?=@)",  # the name and password in an address: of Redis, of a proxy
)
_TOKENS = re.compile("|".join(_SECRET_SHAPES))
_HIDDEN = "[hidden]"
# These libraries log whole payloads, with the words of people in them, below this level.
_CHATTY = ("slack_bolt", "slack_sdk", "aiohttp", "asyncio", "markdown_it")
# What steers a terminal (C0, DEL, C1), reorders or hides text (bidi marks and the rest of Cf), breaks lines where no
# newline stands, or is no text at all.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_PARAGRAPHS = "\n\t"
# A field with one of these is quoted by the renderer, but for the two that are no key=value.
_QUOTED = "\n\r\t"
_KEPT = {"event": "", "logger": "", "stack": _PARAGRAPHS, "exception": _PARAGRAPHS}


def printable(text: str, *, keep: str = "") -> str:
    """Write out as escapes what a terminal would act upon instead of showing it; characters in `keep` stay."""
    if text.isprintable():
        return text
    return "".join(
        letter.encode("unicode_escape").decode()
        if unicodedata.category(letter) in _UNSAFE and letter not in keep
        else letter
        for letter in text
    )


class Redaction:
    """Takes secrets out of a finished line, tracebacks included; and what no stream can write."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets: list[str] = []
        self.hide(secrets)

    def hide(self, secrets: Iterable[str]) -> None:
        """Take these secrets out too, from now on."""
        # Short values would hide ordinary words. A quoted value has its quotes and backslashes escaped.
        long = {secret for secret in secrets if len(secret) >= 6}
        escaped = {form for secret in long for form in (json.dumps(secret)[1:-1], repr(secret)[1:-1])}
        self._secrets = sorted({*self._secrets, *long, *escaped}, key=len, reverse=True)

    def __call__(self, line: str) -> str:
        for secret in self._secrets:
            line = line.replace(secret, _HIDDEN)
        # JSON can hold half a surrogate pair, which is no UTF-8.
        return _TOKENS.sub(_HIDDEN, line).encode("utf-8", "backslashreplace").decode()


class _Redacting:
    """A structlog renderer that takes the secrets out of what another one has rendered."""

    def __init__(self, renderer: Processor, redaction: Redaction) -> None:
        self._renderer = renderer
        self._redaction = redaction

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> str:
        return self._redaction(str(self._renderer(logger, name, event)))


def _printable_fields(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Escape each field by itself: once the renderer has added its colours, they look the same as hostile ones."""
    return {printable(key): _printable_value(key, value) for key, value in event.items()}


def _printable_value(key: str, value: object) -> object:
    if key == "exc_info":
        return value  # _printable_traceback writes it
    if isinstance(value, str):
        return printable(value, keep=_KEPT.get(key, _QUOTED))
    shown = repr(value)
    return value if shown.isprintable() else printable(shown)


def _printable_traceback(out: TextIO, exc_info: ExcInfo) -> None:
    text = io.StringIO()
    structlog.dev.plain_traceback(text, exc_info)
    out.write(printable(text.getvalue(), keep=_PARAGRAPHS))


def configure(level: str, style: str, secrets: Iterable[str], *, stream: TextIO = sys.stderr) -> Redaction:
    """Send every logger's lines to `stream`; `style` is "text" or "json". Returns what takes the secrets out."""
    redaction = Redaction(secrets)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        with_flow,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=_printable_traceback)
    )
    tail: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    tail.append(structlog.processors.format_exc_info if style == "json" else _printable_fields)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[*tail, _Redacting(renderer, redaction)]
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return redaction
