"""Tells the asker alone why an answer cannot be posted: the last try to say something."""

from __future__ import annotations

from typing import Final

from bot.reply.contract import Place
from bot.reply.pace import BACKOFF
from bot.slack import wording_of_failures
from bot.slack.calls import Limited, Lost, PostEphemeral, Result
from bot.slack.text.blocks import fallback, plain, support_note

# How often the sentence is tried again, where Slack does not take it.
_TRIES: Final = 3


class Complaint:
    """The sentence that says why. `asks` says whom a person should ask, in Slack's mrkdwn.

    `call` is made as long as it is not None.
    """

    def __init__(self, place: Place, reference: str, asks: str) -> None:
        self.call: PostEphemeral | None = None
        self._place = place
        self._reference = reference
        self._asks = asks
        self._tried = 0

    def begin(self, code: str) -> None:
        """Slack has refused the answer with this error code."""
        sentence, support = (
            wording_of_failures.cannot_post(code),
            wording_of_failures.support(None, self._reference, self._asks),
        )
        self.call = PostEphemeral(
            channel=self._place.channel,
            user=self._place.user,
            text=f"{fallback(sentence)}\n{support}",
            blocks=(*plain(sentence), support_note(support)),
        )

    def again_in(self, result: Result) -> float | None:
        """The seconds after which it is tried again; None where it is over."""
        self._tried += 1
        match result:
            case Limited(retry_after=seconds) if self._tried <= _TRIES:
                return seconds
            case Lost() if self._tried <= _TRIES:
                return BACKOFF[self._tried]
        return None
