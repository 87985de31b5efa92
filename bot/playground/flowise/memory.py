"""Keeps the chats of the local Flowise: the turns that went well, as rows, and stopped executions."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.playground.flowise.model import ASSISTANT, USER, Turn
from bot.playground.flowise.plans import MEMORY, Execution, Json, RunOutcome
from bot.playground.flowise.wire import dumps


@dataclass(frozen=True, slots=True)
class StoredTurn:
    """A turn to be stored. The question's row has the time at which it came in; times are seconds since the epoch."""

    question: str
    question_id: str
    asked_at: float
    outcome: RunOutcome
    answer_id: str
    answered_at: float
    execution_id: str = ""


@dataclass(slots=True)
class Memory:
    """Rows by flow and chatId: the same chatId in another flow starts empty."""

    _rows: dict[tuple[str, str], list[Json]] = field(default_factory=lambda: defaultdict(list))
    _executions: dict[str, Execution] = field(default_factory=dict)
    _newest: dict[tuple[str, str], str] = field(default_factory=dict)
    """The execution that a decision on a chat resumes, by its id."""

    def turns(self, flow: str, chat_id: str) -> list[Turn]:
        return [(str(row["role"]), str(row["content"])) for row in self._rows.get((flow, chat_id), [])]

    def all_turns(self, chat_id: str) -> list[Turn]:
        """The turns of a chat in all flows, flow by flow."""
        return [turn for flow, chat in list(self._rows) if chat == chat_id for turn in self.turns(flow, chat_id)]

    def execution(self, flow: str, chat_id: str) -> Execution | None:
        """The newest execution on a chat, which may have stopped for a decision or gone on after one."""
        return self._executions.get(self._newest.get((flow, chat_id), ""))

    def keep(self, flow: str, chat_id: str, execution: Execution) -> None:
        """Note an execution, as it is now, as the newest of its chat."""
        self._executions[execution.id] = execution
        self._newest[flow, chat_id] = execution.id

    def take_action(self, flow: str, chat_id: str) -> None:
        """Take its decision from the newest row that has one: a run that was resumed has ended or stopped again."""
        for row in reversed(self._rows[flow, chat_id]):
            if row["action"] is not None:
                self._rows[flow, chat_id][self._rows[flow, chat_id].index(row)] = {**row, "action": None}
                break

    def rows(self, flow: str, chat_id: str | None, message_id: str | None, since: str = "") -> list[Json]:
        """What GET chatmessage answers: the rows of a flow, of one chat, or one row, from a date on."""
        found = [row for (of, _), rows in self._rows.items() if of == flow for row in rows]
        if chat_id is not None:
            found = [row for row in found if row["chatId"] == chat_id]
        if message_id is not None:
            found = [row for row in found if row["id"] == message_id]
        found = [self._told(row) for row in found if str(row["createdDate"]) >= since]
        return sorted(found, key=lambda row: str(row["createdDate"]))

    def row_with(self, message_id: str) -> Json | None:
        """The row of that id, of whatever flow and chat."""
        return next((row for rows in self._rows.values() for row in rows if row["id"] == message_id), None)

    def _told(self, row: Json) -> Json:
        """A row with its execution as it is now."""
        execution = self._executions.get(str(row["executionId"]))
        if execution is None:
            return row
        told = {"id": execution.id, "state": execution.state, "executionData": dumps(execution.executed)}
        return {**row, "execution": told}

    def store(self, flow: str, chat_id: str, turn: StoredTurn) -> None:
        """Keep a turn. Both rows are written when its run has ended."""
        extra = {
            "sourceDocuments": turn.outcome.source_documents,
            "usedTools": turn.outcome.used_tools,
            "action": turn.outcome.action,
            "followUpPrompts": turn.outcome.follow_up_prompts,
            "artifacts": turn.outcome.artifacts,
            "fileAnnotations": turn.outcome.file_annotations,
        }
        rows = self._rows[flow, chat_id]
        rows.append(_row(flow, chat_id, turn.question_id, USER, turn.question, turn.asked_at, {}))
        if not turn.outcome.is_stored:
            return
        answer = _row(flow, chat_id, turn.answer_id, ASSISTANT, turn.outcome.text, turn.answered_at, extra)
        rows.append({**answer, "executionId": turn.execution_id or None})


def _row(flow: str, chat_id: str, row_id: str, role: str, content: str, at: float, outcome: Json) -> Json:
    """A row in the order and with the nulls of the real server's (measured on Flowise 3.1.4)."""
    keys = ("sourceDocuments", "usedTools", "fileAnnotations", "agentReasoning", "reasonContent", "fileUploads")
    kept = {key: outcome.get(key) for key in (*keys, "artifacts", "action")}
    prompts = outcome.get("followUpPrompts")
    created = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "id": row_id,
        "role": role,
        "chatflowid": flow,
        "executionId": None,
        "content": content,
        **kept,
        "chatType": "EXTERNAL",
        "chatId": chat_id,
        "memoryType": MEMORY,
        "sessionId": chat_id,
        "createdDate": created,
        "leadEmail": None,
        "followUpPrompts": prompts,
        "execution": None,
    }
