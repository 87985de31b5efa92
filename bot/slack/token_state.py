"""Knows whether Slack still takes our token: said once, remembered, and found out again by one call now and then."""

from __future__ import annotations

import structlog

from bot.slack.refusals import NO_TOKEN

log = structlog.get_logger(__name__)

PROBE = "auth.test"
"""The method that is called all the same while the token is refused, to see whether it is taken again."""

_WHAT_TO_DO = (
    "nothing can be heard or said in this workspace until the token is taken again; see whether the app is still "
    "installed there, install it again, and start the bot with the bot token that Slack shows then (SLACK_BOT_TOKEN)"
)


class TokenState:
    """Whether one bot token is taken. `refusal` is Slack's word where it is not, else empty.

    What comes before the token was ever taken is not told: the start says that in its own way.
    """

    def __init__(self) -> None:
        self.refusal = ""
        self._was_taken = False

    def objection(self, method: str) -> str:
        """The word with which Slack would refuse a call, empty where it may be made."""
        return "" if method == PROBE else self.refusal

    def answered(self, word: str = "") -> None:
        """Slack has answered a call: with an error word, or none where it did what was asked."""
        if word not in NO_TOKEN:
            # Any other word is said to somebody whom Slack knows.
            if self.refusal:
                log.info("Slack takes the token again")
            self.refusal, self._was_taken = "", True
        elif self._was_taken and not self.refusal:
            self.withdrawn(word)

    def withdrawn(self, word: str) -> None:
        """The token is not taken from now on, by that word of Slack's."""
        if not self.refusal:
            log.error("Slack does not take the bot token any more", reason=word, do=_WHAT_TO_DO)
        self.refusal = word
