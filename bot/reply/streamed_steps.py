"""Tells the steps of an answer to the messages that are streamed: which tasks are new or have changed since.

Tasks go along with text and with the end of a message. None is left in progress in a message that has ended.
"""

from __future__ import annotations

from dataclasses import replace

from bot.reply.steps import Steps
from bot.slack import wording_of_steps as wording
from bot.slack.calls import AppendStream, Call, Refused, StartStream, StopStream
from bot.slack.text.steps_blocks import Task


class StreamedSteps:
    """The tasks of the message that is streamed now. Times are seconds of one clock."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._told: dict[str, Task] = {}
        """The tasks as this message shows them."""
        self._known: dict[str, Task] = {}
        """The tasks as the last message that was told of them shows them."""
        self._has_plan = False

    @property
    def has_plan(self) -> bool:
        """Whether the tasks of the message stand together in a plan, which has a title."""
        return self._has_plan

    def told_by(self, call: Call | None, now: float) -> Call | None:
        """The call with what is new of the steps. With the end of a message every task in it is done."""
        match call:
            case StartStream():
                tasks = self._new(now)
                return replace(call, tasks=tasks, plan=wording.STEPS if tasks else "")
            case AppendStream():
                return replace(call, tasks=self._new(now))
            case StopStream():
                now_so = {task.id: task for task in self._steps.tasks(now)}
                done = [_done(now_so.get(told.id, told)) for told in self._told.values()]
                return replace(call, tasks=tuple(task for task in done if self._told[task.id] != task))
        return call

    def _new(self, now: float) -> tuple[Task, ...]:
        """What has changed. One step alone is told by the status line as well."""
        tasks = self._steps.tasks(now)
        if len(tasks) < 2 and not self._known:
            return ()
        return tuple(task for task in tasks if self._known.get(task.id) != task)

    def taken(self, call: Call) -> None:
        """Slack has taken a call."""
        if not isinstance(call, StartStream | AppendStream | StopStream):
            return
        if isinstance(call, StartStream):
            self._has_plan = bool(call.tasks)
        changed = {task.id: task for task in call.tasks}
        self._known |= changed
        self._told = {} if isinstance(call, StopStream) else self._told | changed

    def refused(self, call: Call, result: Refused, now: float) -> bool:
        """Slack has refused a call; whether it may be for its tasks, which none of this message were told. None are
        told from now on."""
        match call:
            case StartStream(tasks=tasks) | AppendStream(tasks=tasks) | StopStream(tasks=tasks) if (
                tasks and not self._told
            ):
                return self._steps.support.tasks_refused(result.error, now)
        return False


def _done(task: Task) -> Task:
    return replace(task, status="complete") if task.status == "in_progress" else task
