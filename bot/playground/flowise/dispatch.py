"""Chooses the plan that answers a prediction: by its flow, key, limit and chat's memory, or a queued script."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from uuid import uuid4

from bot.playground.flowise.approvals import IN_PROGRESS, RESUMABLE
from bot.playground.flowise.files import Files, RefusedError, configured
from bot.playground.flowise.flows import FLOWS, Flow, flow_id
from bot.playground.flowise.limits import RateWindow
from bot.playground.flowise.memory import Memory, StoredTurn
from bot.playground.flowise.model import Turn
from bot.playground.flowise.offered import Ratings
from bot.playground.flowise.plans import Json, Plan, PredictionRequest, failed
from bot.playground.flowise.runs import Received
from bot.playground.flowise.scripts import Script
from bot.playground.flowise.wire import STREAM_HEADERS


class Dispatcher:
    """The state of the local server apart from its connections."""

    def __init__(self, *, api_key: str | None, pace: float, wall: Callable[[], float]) -> None:
        self.wall = wall
        self.flows = {flow.id: flow for flow in FLOWS}
        self.scripts: dict[str, deque[Script]] = defaultdict(deque)
        self.memory = Memory()
        self.files = Files()
        self.ratings = Ratings(self.memory)
        self.configs: dict[str, Json] = {}
        """The configuration of a flow, by its id, where it is another one than the flow's own."""
        self.predictions: list[Received] = []
        self.aborts: list[str] = []
        self.row_requests: list[Mapping[str, str]] = []
        """The queries of all requests for stored rows."""
        self.rows_wait_for: asyncio.Event | None = None
        """Until it is set, no request for stored rows is answered."""
        self.api_key = api_key
        self._pace = pace
        self._windows = {flow.id: RateWindow(*flow.limit) for flow in FLOWS if flow.limit}

    def known(self, flow: str) -> Flow:
        """A flow by its name or id.

        Raises:
            KeyError: there is no such flow.
        """
        found = self.flows.get(flow) or self.flows.get(flow_id(flow))
        if found is None:
            raise KeyError(f"the local Flowise has no flow {flow!r}")
        return found

    def has_key(self, headers: Mapping[str, str]) -> bool:
        """Whether a request carries the server's key; `Bearer` may be left out, as on the real server."""
        given = headers.get("Authorization", "")
        return self.api_key is not None and given.removeprefix("Bearer ") == self.api_key

    def receive(self, flow: str, body: Mapping[str, object], headers: Mapping[str, str]) -> Received:
        """Record a request. Without a chatId of its own it gets one, which the client learns only at the end."""
        chat_id = body.get("chatId") or str(uuid4())
        name = self.flows[flow].name if flow in self.flows else ""
        received = Received(flow, name, body, str(chat_id), headers, self.wall())
        self.predictions.append(received)
        return received

    def plan(self, flow: Flow, received: Received) -> tuple[PredictionRequest, Plan]:
        """Choose what is done with a request."""
        asked = self._asked(flow, received)
        if flow.exact:
            return asked, flow.plan(asked)
        if reason := self._objection(received):
            return asked, failed((), reason)
        try:
            asked = self._with_files(flow, received, asked)
        except RefusedError as refused:
            return asked, failed((), str(refused))
        queued = self.scripts[flow.id]
        if flow.id not in self._windows:
            return asked, queued.popleft().plan(asked) if queued else flow.plan(asked)
        window = self._windows[flow.id]
        headers, admitted = window.take(received.at)
        if not admitted:
            return asked, Plan(reply=window.refusal(headers, received.at), forced=True)
        plan = queued.popleft().plan(asked) if queued else flow.plan(asked)
        return asked, replace(plan, headers={**STREAM_HEADERS, **headers})

    def _objection(self, received: Received) -> str:
        """Why a request is refused; empty where it is not."""
        if self.api_key is not None and not self.has_key(received.headers):
            return "Unauthorized"
        if not isinstance(received.body.get("chatId", ""), str | None):
            return "Invalid chatId: must be a string"
        if received.body.get("form") and received.body.get("question"):
            return "Question and form cannot be provided at the same time"
        return ""

    def _with_files(self, flow: Flow, received: Received, asked: PredictionRequest) -> PredictionRequest:
        """A question with what its files add to it; a transcript replaces its text. Raises RefusedError."""
        seen = self.files.see(flow.takes, flow.id, asked.chat_id, received.body.get("uploads"))
        stored = tuple(self.files.stored.get((flow.id, asked.chat_id), ()))
        asked = replace(asked, seen=seen.said, stored=stored)
        if seen.heard is None:
            return asked
        return replace(asked, question=seen.heard, echo={"question": seen.heard} if seen.heard else {})

    def begin(self, received: Received, asked: PredictionRequest, plan: Plan) -> None:
        """Note that a run begins: one that was resumed is no longer to be resumed. A refusal begins none.

        The files that it makes are there before it tells of them.
        """
        if plan.forced:
            return
        for name, content in plan.outcome.made.items() if plan.outcome else ():
            self.files.made[received.flow_id, asked.chat_id, name] = content
        if asked.decision is not None and asked.execution is not None and asked.execution.state in RESUMABLE:
            self.memory.keep(received.flow_id, asked.chat_id, replace(asked.execution, state=IN_PROGRESS))

    def config(self, flow: Flow) -> Json:
        """The public configuration of a flow."""
        return {**self.configs.get(flow.id, flow.config), **configured(flow.takes)}

    def store(self, received: Received, asked: PredictionRequest, plan: Plan) -> None:
        """Store the result of a run that went well: its turn, its execution."""
        if plan.execution:
            self.memory.keep(received.flow_id, asked.chat_id, plan.execution)
        if plan.outcome:
            if asked.decision is not None:
                self.memory.take_action(received.flow_id, asked.chat_id)
            turn = StoredTurn(
                asked.question,
                str(uuid4()),
                received.at,
                plan.outcome,
                answer_id=asked.message_id,
                answered_at=self.wall(),
                execution_id=plan.execution.id if plan.execution else "",
            )
            self.memory.store(received.flow_id, asked.chat_id, turn)

    def _asked(self, flow: Flow, received: Received) -> PredictionRequest:
        body = received.body
        decision = body.get("humanInput")
        execution = self.memory.execution(flow.id, received.chat_id)
        return PredictionRequest(
            _question(body),
            received.chat_id,
            str(uuid4()),
            str(uuid4()),
            echo={"question": body["question"]} if "question" in body else {},
            earlier=(*_history(body.get("history")), *self.memory.turns(flow.id, received.chat_id)),
            pace=self._pace,
            decision=decision if isinstance(decision, dict) else None,
            execution=execution,
            variables=_variables(body),
        )


def _variables(body: Mapping[str, object]) -> Json:
    """The variables that a request sets. The local flows allow all of them."""
    overrides = body.get("overrideConfig")
    given = overrides.get("vars") if isinstance(overrides, dict) else None
    return given if isinstance(given, dict) else {}


def _question(body: Mapping[str, object]) -> str:
    """The question as the model sees it: JavaScript's words for nothing (measured on Flowise 3.1.4)."""
    if isinstance(decision := body.get("humanInput"), dict):
        return str(body.get("question") or decision.get("feedback") or " ")
    if isinstance(form := body.get("form"), dict) and not body.get("question"):
        return "\n".join(f"{key}: {_written(value)}" for key, value in form.items())
    question = body.get("question", "undefined")
    return "null" if question is None else str(question)


def _written(value: object) -> str:
    """A value as JavaScript writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _history(given: object) -> list[Turn]:
    """The request's `history`, which is put before what is remembered; anything malformed is passed over."""
    rows = given if isinstance(given, list) else []
    return [(str(row.get("role")), str(row.get("content"))) for row in rows if isinstance(row, dict)]
