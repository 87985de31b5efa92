"""Decides where an answer may be streamed, and remembers for a while where Slack has refused it.

A stream needs a thread and a reader whose workspace is known: flat direct messages and other organisations get edits.
Where a stream may begin, it is denied if no token is left to start or end it, or if it would be written less often than
an edited answer at that moment (`bot.pacing.governor`).
"""

from __future__ import annotations

import math
from enum import Enum
from typing import Final, Protocol

from bot.reply.contract import Place
from bot.slack.refusals import NO_TOKEN
from bot.slack.verified import NOTHING, Verified

LIFE: Final = 240.0
"""Seconds after which a stream is ended and goes on in another message. Slack ends one about five minutes after its
start, even while it is appended to (slackapi/python-slack-sdk issue 1859)."""

LAST_CALL: Final = 30.0
"""Seconds after LIFE for which the end of a paragraph is awaited."""

PATIENCE: Final = 3.0
"""Seconds for which the first text waits for a permit to begin a stream, in mode STREAM. Then it is posted instead."""

MEMORY: Final = 3600.0
"""Seconds for which a refusal is remembered: an admin may have changed what was in the way."""

# What is wrong with one place or person, not with the whole workspace (Slack docs, chat.startStream).
_OF_THE_PLACE = frozenset(
    {"channel_type_not_supported", "restricted_action_thread_locked", "restricted_action_read_only_channel"}
    | {"channel_not_found", "not_in_channel", "is_archived", "user_not_found", "messages_tab_disabled"}
    | {"missing_recipient_user_id", "missing_recipient_team_id", "invalid_thread_ts", "msg_too_long", "no_text"}
)
_MOST = 1_000


class Mode(Enum):
    """How answers grow: by edits; by Slack's own streaming where it is available; by that where it pays."""

    EDIT = "edit"
    STREAM = "stream"
    AUTO = "auto"


class Certificate(Protocol):
    """What was verified of Slack in the workspace."""

    @property
    def verified(self) -> Verified:
        """What may be relied on now."""
        ...

    def fail(self, name: str) -> None:
        """Doubt an assumption that has failed."""
        ...


class NoCertificate:
    """Nothing was verified."""

    @property
    def verified(self) -> Verified:
        """Nothing."""
        return NOTHING

    def fail(self, name: str) -> None:
        """Does nothing."""


class StreamSupport:
    """Slack's own streaming in one workspace. Without a `mode`, it is AUTO where the links of a streamed answer can be
    made clickable, and else EDIT."""

    def __init__(self, mode: Mode | None, certificate: Certificate | None = None) -> None:
        self._mode = mode
        self._certificate = certificate or NoCertificate()
        self._refused: dict[str, float] = {}

    @property
    def mode(self) -> Mode:
        """How answers grow now."""
        return self._mode or (Mode.AUTO if self.links_by_edit else Mode.EDIT)

    @property
    def links_by_edit(self) -> bool:
        """Whether a last edit may make the links of a streamed answer clickable."""
        return self._certificate.verified.links_by_edit

    def fail(self, name: str) -> None:
        """Doubt an assumption that has failed."""
        self._certificate.fail(name)

    def is_open_to(self, place: Place, now: float) -> bool:
        """Whether an answer may be streamed there. A stream needs a thread, and a reader whose workspace is known."""
        known = place.thread_ts is not None and place.user and place.team
        refused_at = max(self._refused.get(key, -math.inf) for key in ("", place.channel))
        return self.mode is not Mode.EDIT and bool(known) and now - refused_at > MEMORY

    def refused(self, place: Place, error: str, now: float) -> None:
        """Slack has refused to begin a stream there."""
        if error in NO_TOKEN:
            return  # says nothing about streams
        if len(self._refused) >= _MOST:
            self._refused = {key: at for key, at in self._refused.items() if now - at <= MEMORY / 2}
        self._refused[place.channel if error in _OF_THE_PLACE else ""] = now
