"""Passes ratings of answers on to Flowise: one row an answer, written once and then changed.

Flowise itself keeps a row for each POST, or with Postgres refuses the second one with HTTP 500; a row that is changed
keeps what is not sent (measured on 3.1.4).
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.errors import FlowiseError, FlowiseSlow, FlowiseUnreachable
from bot.flowise.api import Api
from bot.flowise.refusals import HttpReply, shortened
from bot.flowise.texts import without_nul

_GOOD, _BAD = "THUMBS_UP", "THUMBS_DOWN"


@dataclass(frozen=True, slots=True)
class AnswerRating:
    """A rating of the answer that Flowise has stored as the row `message_id` of a chat.

    `comment` None leaves an earlier one as it is. Everybody who knows the flow's id can read it, so it names nobody.
    """

    chat_id: str
    message_id: str
    good: bool
    comment: str | None = None


class Feedback:
    """The ratings of one chatflow's answers."""

    def __init__(self, api: Api, chatflow_id: str) -> None:
        self._api = api
        self._chatflow_id = chatflow_id

    async def rate(self, rating: AnswerRating, row: str = "", *, look: bool = False) -> str | None:
        """Write a rating, and return the id of its row; None: Flowise does not know the answer.

        `row` is that of an earlier rating. With `look`, there may be one that is not known.

        Raises:
            FlowiseError: it could not be written now.
        """
        row = row or (await self._find(rating) if look else "")
        if row and await self._change(row, rating):
            return row
        return await self._create(rating)

    async def _create(self, rating: AnswerRating) -> str | None:
        answer = {"chatflowid": self._chatflow_id, "chatId": rating.chat_id, "messageId": rating.message_id}
        reply = await self._api.send("POST", "feedback", body=answer | {"content": ""} | _said(rating))
        if reply is not None and reply.status in (400, 404) and reply.message:  # of another chat or flow, or of none
            return None
        created = reply.json() if reply is not None and reply.status == 200 else None
        row = created.get("id") if isinstance(created, dict) else None
        if isinstance(row, str) and row:
            return row
        if (found := await self._find(rating)) and await self._change(found, rating):
            return found
        raise _not_written(reply)

    async def _change(self, row: str, rating: AnswerRating) -> bool:
        """Change a rating; False if its row is gone."""
        reply = await self._api.send("PUT", "feedback", row, body=_said(rating))
        if reply is not None and reply.status == 404 and reply.message:
            return False
        if reply is None or reply.status != 200 or not isinstance(reply.json(), dict):
            raise _not_written(reply)
        return True

    async def _find(self, rating: AnswerRating) -> str:
        """The id of the row of an answer's rating; empty if there is none."""
        reply = await self._api.send("GET", "feedback", self._chatflow_id, query={"chatId": rating.chat_id})
        rows = reply.json() if reply is not None and reply.status == 200 and reply.whole else None
        if not isinstance(rows, list):
            raise _not_written(reply)
        own = (row.get("id") for row in rows if isinstance(row, dict) and row.get("messageId") == rating.message_id)
        return next((row for row in own if isinstance(row, str)), "")


def _said(rating: AnswerRating) -> dict[str, str]:
    said = {"rating": _GOOD if rating.good else _BAD}
    return said if rating.comment is None else said | {"content": without_nul(rating.comment)}


def _not_written(reply: HttpReply | None) -> FlowiseError:
    if reply is None:
        return FlowiseSlow("no answer to a rating in time")
    return FlowiseUnreachable(f"rating: HTTP {reply.status}: {shortened(reply.message)}")
