"""Keeps what the flows of the local Flowise offer beside answers: their public configuration, and ratings of answers.

The forms of requests and answers are measured on Flowise 3.1.4, with its SQLite.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from bot.playground.flowise.memory import Memory
from bot.playground.flowise.plans import Json
from bot.playground.flowise.wire import WireReply, dumps, failure, json_reply

NOTHING: Json = {
    "uploads": {
        "isSpeechToTextEnabled": False,
        "isImageUploadAllowed": False,
        "isRAGFileUploadAllowed": False,
        "imgUploadSizeAndTypes": [],
        "fileUploadSizeAndTypes": [],
    },
    "flowData": dumps({"nodes": [], "edges": []}),
    "isTTSEnabled": False,
}
"""The configuration of a flow in which nothing was ever set."""


def configuration(
    *, starters: tuple[str, ...] = (), feedback: bool = False, follow_ups: bool = False, start: Json | None = None
) -> Json:
    """The configuration of a flow with starter prompts, ratings or follow-up prompts; `start` are the inputs of the
    node that an agent flow begins with."""
    config = dict(NOTHING)
    if start is not None:
        node = {"id": "startAgentflow_0", "data": {"name": "startAgentflow", "inputs": start}}
        config["flowData"] = dumps({"nodes": [node], "edges": []})
    if starters:
        config["starterPrompts"] = {str(number): {"prompt": prompt} for number, prompt in enumerate(starters)}
    if feedback:
        config["chatFeedback"] = {"status": True}
    if follow_ups:
        config["followUpPrompts"] = {"status": True, "selectedProvider": "stand-in", "stand-in": {"prompt": "secret"}}
    return config


@dataclass(slots=True)
class Ratings:
    """The ratings of all answers, by their ids. With `unique`, a second one for an answer fails, as with Postgres."""

    memory: Memory
    rows: dict[str, Json] = field(default_factory=dict)
    unique: bool = False
    away: bool = False
    """Every request fails, as while the database cannot be reached."""

    def of(self, message_id: str) -> list[Json]:
        """The ratings of one answer."""
        return [row for row in self.rows.values() if row["messageId"] == message_id]

    def create(self, body: Mapping[str, object]) -> WireReply:
        """POST /feedback."""
        flow, chat, message = (str(body.get(key)) for key in ("chatflowid", "chatId", "messageId"))
        found = self.memory.row_with(message)
        if self.away:
            return failure(500, "Error: feedbackService.createChatMessageFeedbackForChatflow - no database")
        if not found:
            return failure(404, f"Message with ID {message} not found")
        if found["chatId"] != chat:
            return failure(
                400, f"Inconsistent chat ID: message with ID {message} does not belong to chat with ID {chat}"
            )
        if self.unique and self.of(message):
            what = "duplicate key value violates unique constraint"
            return failure(500, f"Error: feedbackService.createChatMessageFeedbackForChatflow - {what}")
        row = {"chatflowid": flow, "chatId": chat, "messageId": message, "rating": body.get("rating")}
        row |= {"content": body.get("content"), "id": str(uuid4()), "createdDate": _now()}
        self.rows[str(row["id"])] = row
        return json_reply(row)

    def change(self, row_id: str, body: Mapping[str, object]) -> WireReply:
        """PUT /feedback/{id}: what is not sent stays."""
        if self.away:
            return failure(500, "Error: feedbackService.updateChatMessageFeedbackForChatflow - no database")
        if row_id not in self.rows:
            return failure(404, f"Feedback with ID {row_id} not found")
        changed = {key: body[key] for key in ("rating", "content") if key in body}
        self.rows[row_id] = {**self.rows[row_id], **changed}
        return json_reply({"status": "OK"})

    def listed(self, flow: str, chat: str) -> WireReply:
        """GET /feedback/{flow}?chatId=…"""
        if self.away:
            return failure(500, "Error: feedbackService.getAllChatMessageFeedback - no database")
        return json_reply([row for row in self.rows.values() if (row["chatflowid"], row["chatId"]) == (flow, chat)])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", ".000Z")
