"""Lets a test or a demo define an exact answer, faults and all, for a flow's next prediction."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.playground.flowise.plans import (
    Ending,
    Json,
    Plan,
    PlanStep,
    PredictionRequest,
    RunOutcome,
    after_tokens,
    chat_closing,
    chat_reply,
    failed,
)
from bot.playground.flowise.wire import END, WireReply, frame, json_reply, prediction_error

# What an agent flow sends last when it is aborted: an error, never an `abort` event (measured on Flowise 3.1.4).
ABORTED = frame("agentFlowEvent", "ERROR") + frame("error", prediction_error("This operation was aborted")) + END


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """An exact answer for the next prediction of a flow. Waits are seconds.

    Without more, `tokens` come one frame each with `token_wait` before each, after the events `before`; then
    `source_documents`, `used_tools`, `artifacts` and `file_annotations` (of the files `made`, by their names), the
    events `after`, `metadata` (ours, with the keys of `metadata` over them) and `end`. An event is a pair of its type
    and its data. With `stored`, another text than the tokens' is stored, as after a tool call.

    `hold` stops before the token number `hold_after` until the event is set, so that no test need wait for time;
    `holds` has further numbers with their events.
    `error` is sent after the tokens, then `end`; the turn is not remembered. With `asked_only` its question is, as
    where follow-up prompts could not be made: an agent flow tells before that its words are whole. `cut_after` breaks
    the connection off after so many tokens; the run `goes_on` unheard and is stored, as behind a proxy that cut, or is
    lost with the server. `end` False closes the stream in good order without `metadata` and `end`. `stalls` leaves the
    stream open after the tokens: heartbeats, nothing else. `silent` never sends headers. `agentflow` makes it the run
    of an agent flow, which the abort endpoint stops, but not while it waits before a token whose number is in `deaf`.
    `raw` are the very bytes of the stream, a write each. `json` or `body` (with `status` and `headers`) answer in one
    piece whatever was asked for.
    """

    tokens: Sequence[str] = ()
    token_wait: float = 0.0
    head_wait: float = 0.0
    hold: asyncio.Event | None = None
    hold_after: int = 0
    holds: Mapping[int, asyncio.Event] = field(default_factory=dict)
    before: Sequence[tuple[str, object]] = ()
    source_documents: Sequence[Json] | None = None
    used_tools: Sequence[Json] | None = None
    artifacts: Sequence[Json] | None = None
    file_annotations: Sequence[Json] | None = None
    made: Mapping[str, bytes] = field(default_factory=dict)
    after: Sequence[tuple[str, object]] = ()
    metadata: Json = field(default_factory=dict)
    stored: str | None = None
    error: str | None = None
    asked_only: bool = False
    cut_after: int | None = None
    goes_on: bool = True
    end: bool = True
    stalls: bool = False
    silent: bool = False
    agentflow: bool = False
    deaf: Collection[int] = ()
    raw: Sequence[bytes] | None = None
    json: object = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None

    def plan(self, asked: PredictionRequest) -> Plan:
        if self.silent:
            return Plan(silent=True)
        if self.body is not None:
            return Plan(reply=WireReply(self.status, self.body, self.headers), forced=True, head_wait=self.head_wait)
        if self.json is not None:
            reply = json_reply(self.json, self.status)
            reply = WireReply(reply.status, reply.body, {**reply.headers, **self.headers})
            return Plan(reply=reply, forced=True, head_wait=self.head_wait)
        if self.raw is not None:
            gated = [PlanStep(self.token_wait, data, self._gate(number)) for number, data in enumerate(self.raw)]
            ending = Ending.OPEN if self.stalls else Ending.CLOSED
            return Plan(tuple(gated), ending=ending, head_wait=self.head_wait, forced=True)
        return self._stream(asked)

    def _gate(self, number: int) -> asyncio.Event | None:
        return self.hold if self.hold and number == self.hold_after else self.holds.get(number)

    def _stream(self, asked: PredictionRequest) -> Plan:
        opening = ("agentFlowEvent", "INPROGRESS") if self.agentflow else ("start", "")
        steps = [PlanStep(data=frame(*event)) for event in (opening, *self.before)]
        steps += self._token_steps()
        if self.error is not None:
            if self.asked_only and self.agentflow:
                steps.append(PlanStep(data=frame("agentFlowEvent", "FINISHED")))
            outcome = RunOutcome("", is_stored=False) if self.asked_only else None
            return replace(failed(tuple(steps), self.error, self.head_wait), outcome=outcome)
        if self.stalls:
            return Plan(tuple(steps), ending=Ending.OPEN, head_wait=self.head_wait)
        if self.cut_after is not None and not self.goes_on:
            return Plan(tuple(steps), ending=Ending.CUT, head_wait=self.head_wait)
        text = "".join(self.tokens) if self.stored is None else self.stored
        outcome = RunOutcome(
            text,
            self.source_documents,
            self.used_tools,
            artifacts=self.artifacts,
            file_annotations=self.file_annotations,
            made=self.made,
            follow_up_prompts=self.metadata.get("followUpPrompts"),
        )
        steps += [PlanStep(data=data) for data in after_tokens(outcome)]
        steps += [PlanStep(data=frame(*event)) for event in self.after]
        return Plan(
            tuple(steps),
            closing=chat_closing(asked, self.metadata) if self.end else b"",
            outcome=outcome,
            reply=chat_reply(asked, outcome),
            head_wait=self.head_wait,
            aborted=ABORTED if self.agentflow else None,
        )

    def _token_steps(self) -> list[PlanStep]:
        """The tokens, with the hold and the cut where they belong; none after a cut that ends the run."""
        steps: list[PlanStep] = []
        for number, token in enumerate(self.tokens):
            if number == self.cut_after:
                steps.append(PlanStep(gate=self._gate(number), cut=True))
                if not self.goes_on:
                    return steps
            is_deaf = number in self.deaf
            steps.append(PlanStep(self.token_wait, frame("token", token), self._gate(number), deaf=is_deaf))
        count = len(self.tokens)
        if self.cut_after is not None and self.cut_after >= count:
            steps.append(PlanStep(gate=self._gate(count), cut=True))
        elif self.hold_after >= count and self.hold is not None:
            steps.append(PlanStep(gate=self.hold, deaf=count in self.deaf))
        return steps
