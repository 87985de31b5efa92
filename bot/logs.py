"""Knows how the log looks: one line an event, as text or JSON, and never with a secret in it."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable
from typing import TextIO

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

# Slack's tokens by their prefixes, what follows an Authorization header's scheme, also those that are not ours, and the
# ticket in a Socket Mode address, which slack_sdk logs when a handshake fails.
_TOKENS = re.compile(r"\b(xox[a-z]-|xapp-|xoxe\.)[\w-]+|(?<=Bearer )[\w.~+/-]+=*|(?<=[?&]ticket=)[\w.~%+/-]+")
_HIDDEN = "[hidden]"
# These libraries log whole payloads, with the words of people in them, below this level.
_CHATTY = ("slack_bolt", "slack_sdk", "aiohttp", "asyncio", "markdown_it")


class Redaction:
    """Takes secrets out of a finished line, tracebacks included; and what no stream can write."""

    def __init__(self, secrets: Iterable[str]) -> None:
        # Short values would hide ordinary words. A quoted value has its quotes and backslashes escaped.
        long = {secret for secret in secrets if len(secret) >= 6}
        escaped = {form for secret in long for form in (json.dumps(secret)[1:-1], repr(secret)[1:-1])}
        self._secrets = sorted(long | escaped, key=len, reverse=True)

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


def configure(level: str, style: str, secrets: Iterable[str], *, stream: TextIO = sys.stderr) -> None:
    """Send every logger's lines to `stream`; `style` is "text" or "json"."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)
    )
    tail: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if style == "json":
        tail.append(structlog.processors.format_exc_info)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[*tail, _Redacting(renderer, Redaction(secrets))]
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
