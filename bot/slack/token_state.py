"""Tracks whether Slack accepts the bot token: logs a refusal once, and stops calls until a probe succeeds."""

from __future__ import annotations

import structlog

from bot.slack.refusals import NO_TOKEN

log = structlog.get_logger(__name__)

PROBE = "auth.test"
"""The method that is called even while the token is refused, to check whether it is accepted again."""

_WHAT_TO_DO = (
    "the bot can neither read nor write in this workspace until the token is accepted again; check that the app is "
    "still installed there, or install it again, and start the bot with the bot token that Slack then shows "
    "(SLACK_BOT_TOKEN)"
)


class TokenState:
    """Whether Slack accepts one bot token. `refusal` is Slack's error code if it does not, else empty.

    A refusal before the token was ever accepted is not noted: the start reports it.
    """

    def __init__(self) -> None:
        self.refusal = ""
        self._was_taken = False

    def objection(self, method: str) -> str:
        """The error code with which Slack would refuse a call; empty if it may be made."""
        return "" if method == PROBE else self.refusal

    def answered(self, word: str = "") -> None:
        """Note Slack's answer to a call: an error code, or none if it succeeded."""
        if word not in NO_TOKEN:
            # Slack sends any other code only to a caller whose token it accepts.
            if self.refusal:
                log.info("token accepted again")
            self.refusal, self._was_taken = "", True
        elif self._was_taken and not self.refusal:
            self.withdrawn(word)

    def withdrawn(self, word: str) -> None:
        """The token is refused from now on, with that error code."""
        if not self.refusal:
            log.error("token refused", reason=word, do=_WHAT_TO_DO)
        self.refusal = word
