"""Keeps how far the flow is that makes an answer: the steps it has taken, the tools it has used, how long it thought.

A step that runs again stays one line. What is kept is bounded, however many steps a flow has.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, assert_never

from bot.flowise.events import AgentsSpoke, CalledTools, ModelThinking, Step, StepEvent, StepState, Token
from bot.flowise.steps import agent_key
from bot.reply.contract import ArrivedEvent, Ending, Finished, Thinking
from bot.reply.steps_support import ShowSteps, StepsSupport
from bot.slack import wording_of_steps as wording
from bot.slack.text.block import Blocks
from bot.slack.text.limits import STEPS
from bot.slack.text.steps_blocks import Task, TaskStatus, plan_block, plan_line, task

_MOST_KEPT: Final = 200
"""Steps that are told apart. A flow of more is an attack or a fault."""

_WORDS: Final = {
    StepState.RUNNING: "",
    StepState.FINISHED: wording.DONE,
    StepState.FAILED: wording.FAILED,
    StepState.STOPPED: wording.STOPPED,
    StepState.WAITING: wording.WAITING,
}
_STATUSES: Final[dict[StepState, TaskStatus]] = {
    StepState.RUNNING: "in_progress",
    StepState.FINISHED: "complete",
    StepState.FAILED: "error",
    StepState.STOPPED: "error",
    StepState.WAITING: "pending",
}


class _Kind(Enum):
    STEP = "step"
    TOOL = "tool"
    THOUGHT = "thought"


@dataclass(slots=True)
class _Entry:
    """One line. `failed` counts the times it has failed before the last one, `changed` orders the lines by their last
    change, `seconds` is how long it ran in all until `since`."""

    number: int
    kind: _Kind
    name: str
    state: StepState = StepState.RUNNING
    times: int = 0
    failed: int = 0
    changed: int = 0
    since: float = 0.0
    seconds: float = 0.0

    @property
    def runs(self) -> bool:
        return self.state is StepState.RUNNING

    @property
    def task(self) -> Task:
        return task(self.number, self._title, _STATUSES[self.state])

    @property
    def _title(self) -> str:
        match self.kind:
            case _Kind.STEP:
                return wording.step_title(self.name, self.times, self.failed, _WORDS[self.state])
            case _Kind.TOOL:
                return wording.tool_title(self.name, self.times, _WORDS[self.state], running=self.runs)
            case _Kind.THOUGHT:
                return wording.THINKING_IT_THROUGH if self.runs else wording.thought(self.seconds)

    @property
    def status(self) -> str:
        if self.kind is _Kind.THOUGHT:
            return wording.STATUS_THOUGHT
        return wording.using((self.name,)) if self.kind is _Kind.TOOL else wording.working_on(self.name, self.times)


class Steps:
    """The steps of one answer, as one workspace shows them. Times are seconds of one clock.

    `version` counts the changes that can be seen.
    """

    def __init__(self, support: StepsSupport | None = None) -> None:
        self.support = support or StepsSupport()
        self.version = 0
        self._entries: dict[str, _Entry] = {}
        """The lines, in the order in which they began."""
        self._asked_at: float | None = None
        self._ended_at: float | None = None
        self._called: tuple[str, ...] = ()
        """The tools that run."""

    def receive(self, event: ArrivedEvent, now: float) -> None:
        """Take an event of the answer; those that tell of no step and no time are passed over."""
        if isinstance(event, StepEvent):
            self._goes_on(event, now)
        elif isinstance(event, CalledTools):
            self._calls(event.names, now)
        elif isinstance(event, Token) and event.text:  # not every flow says that a tool has ended, but text does
            self._thinks(now, ended=True)
            self._calls((), now)
        elif isinstance(event, Thinking) and self._asked_at is None:
            self._asked_at = now
        elif isinstance(event, Ending):
            self._end(StepState.FINISHED if isinstance(event, Finished) else StepState.STOPPED, now)

    def _goes_on(self, event: StepEvent, now: float) -> None:
        match event:
            case Step(key=key, name=name, state=state):
                self._set(key, _Kind.STEP, name, state, now)
            case AgentsSpoke(names=names):
                self._spoke(names, now)
            case ModelThinking(ended=ended):
                self._thinks(now, ended=ended)
            case _:
                assert_never(event)

    # What is shown --------------------------------------------------------------------------------------------------

    @property
    def status(self) -> str:
        """What the status line says of the step that runs; empty where it says nothing of steps."""
        running = self._running
        return running.status if running is not None else ""

    @property
    def began_at(self) -> float:
        """When the step that runs has begun; 0.0 where the status line says nothing of one."""
        running = self._running
        return running.since if running is not None else 0.0

    @property
    def _running(self) -> _Entry | None:
        if self.support.show is ShowSteps.OFF:
            return None
        return max((entry for entry in self._entries.values() if entry.runs), key=_last_changed, default=None)

    def under_text(self, now: float) -> Blocks:
        """The blocks under a text that grows; none for fewer than two lines, which the status line tells as well."""
        if self.support.show is not ShowSteps.FULL or len(self._entries) < 2:
            return ()
        entries = sorted(sorted(self._entries.values(), key=_last_changed)[-STEPS:], key=lambda entry: entry.number)
        tasks = [entry.task for entry in entries]
        title = wording.earlier_steps(len(self._entries) - len(tasks))
        return (plan_block(title, tasks) if self.support.takes_plan(now) else plan_line([*tasks]),)

    def tasks(self, now: float) -> tuple[Task, ...]:
        """The steps for a stream, from which none can be taken away: the first ones, and how many more there are."""
        if not self.support.takes_tasks(now):
            return ()
        entries = list(self._entries.values())
        if len(entries) <= STEPS:
            return tuple(entry.task for entry in entries)
        rest = entries[STEPS - 1 :]
        status: TaskStatus = "in_progress" if any(entry.runs for entry in rest) else "complete"
        return (*(entry.task for entry in entries[: STEPS - 1]), task(STEPS, wording.more_steps(len(rest)), status))

    def folded(self, used: tuple[str, ...]) -> str:
        """One line in place of all steps, when the answer has ended; empty where it would say little. `used` names the
        tools that Flowise has told, where it has."""
        if self.support.show is ShowSteps.OFF or self._ended_at is None:
            return ""
        steps = [entry for entry in self._entries.values() if entry.kind is _Kind.STEP]
        thoughts = [entry for entry in self._entries.values() if entry.kind is _Kind.THOUGHT]
        tools = used if steps else ()
        if len(steps) < 2 and not (steps and (tools or thoughts)):
            return wording.thought(thoughts[0].seconds) if thoughts and not used else ""
        failed = sum(entry.failed + (entry.state is StepState.FAILED) for entry in steps)
        seconds = self._ended_at - self._asked_at if self._asked_at is not None else None
        return wording.work_done(len(steps), failed, tools, seconds)

    @property
    def tools(self) -> tuple[str, ...]:
        """The tools that were seen to run."""
        return tuple(entry.name for entry in self._entries.values() if entry.kind is _Kind.TOOL)

    # What has happened ----------------------------------------------------------------------------------------------

    def _set(self, key: str, kind: _Kind, name: str, state: StepState, now: float) -> None:
        entry = self._entries.get(key)
        if entry is None:
            # One that ends without having begun was never reached: each item left of an iteration that is stopped.
            if state is StepState.STOPPED or len(self._entries) >= _MOST_KEPT:
                return
            entry = self._entries[key] = _Entry(len(self._entries) + 1, kind, name, since=now, times=1)
        elif state is StepState.RUNNING:
            entry.failed += entry.state is StepState.FAILED
            entry.times, entry.since = entry.times + 1, now
        elif not entry.runs:
            return
        if state is not StepState.RUNNING:
            entry.seconds += now - entry.since
        self.version += 1
        entry.state, entry.changed = state, self.version

    def _spoke(self, names: tuple[str, ...], now: float) -> None:
        """Each agent is told when it has spoken, and by some flows also when it begins."""
        for name in dict.fromkeys(names):
            key, times = agent_key(name), names.count(name)
            known = self._entries.get(key)
            if known is None or not known.runs:
                if known is not None and known.times >= times:
                    continue
                self._set(key, _Kind.STEP, name, StepState.RUNNING, now)
            self._set(key, _Kind.STEP, name, StepState.FINISHED, now)

    def _thinks(self, now: float, *, ended: bool) -> None:
        known = self._entries.get(_THOUGHT)
        if (known is not None and known.runs) if ended else (known is None or not known.runs):
            self._set(_THOUGHT, _Kind.THOUGHT, "", StepState.FINISHED if ended else StepState.RUNNING, now)

    def _calls(self, names: tuple[str, ...], now: float) -> None:
        if names == self._called:  # as it is with nearly every word
            return
        self._called = names
        for key, entry in self._entries.items():
            if entry.kind is _Kind.TOOL and entry.runs and entry.name not in names:
                self._set(key, _Kind.TOOL, entry.name, StepState.FINISHED, now)
        for name in names:
            known = self._entries.get(f"tool {name}")
            if known is None or not known.runs:
                self._set(f"tool {name}", _Kind.TOOL, name, StepState.RUNNING, now)

    def _end(self, state: StepState, now: float) -> None:
        self._ended_at = now
        for key, entry in self._entries.items():
            if entry.runs:
                self._set(key, entry.kind, entry.name, state, now)


_THOUGHT: Final = "thought"


def _last_changed(entry: _Entry) -> int:
    return entry.changed
