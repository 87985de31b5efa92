"""Holds what the bot says of its work on an answer: which step runs, what it has done, and how long it took."""

from __future__ import annotations

from collections.abc import Sequence

from bot.slack.text.escaping import one_line, shorten
from bot.slack.text.limits import TOOL_NAME, TOOLS
from bot.slack.text.steps_blocks import inert
from bot.slack.wording import STATUS_THINKING, THINKING, listed

STATUS_THOUGHT = "is thinking it through…"
THINKING_IT_THROUGH = "Thinking it through"
STEPS = "Steps"
DONE = ": done"
FAILED = ": failed"
STOPPED = ": stopped"
WAITING = ": needs a decision"


def using(tools: Sequence[str]) -> str:
    """The status while tools run, cut to 50 characters, which Slack's status line always shows."""
    if not tools:
        return STATUS_THINKING
    # Slack does not say that it leaves a status alone.
    names = inert(", ".join(tools))
    return f"is using {names if len(names) <= 38 else names[:37] + '…'}"


def working_on(step: str, times: int = 1) -> str:
    """The status while a step of the flow runs, for the `times`-th time; cut as in `using`."""
    again = f", {ordinal(times)} time" if times > 1 else ""
    room, name = 50 - len(f"is working on “”{again}…"), inert(step)
    return f"is working on “{name if len(name) <= room else name[: room - 1] + '…'}”{again}…"


def working(tools: Sequence[str], minutes: int = 0, step: str = "") -> str:
    """The text of a placeholder message where there is no status line; `minutes` is how long it has stood, `step` is
    what the status line would say of the step that runs."""
    so_far = f" ({minutes} min)" if minutes else ""
    if tools:
        return f"Using {', '.join(tools)[:80]}…{so_far}"
    says = step.removeprefix("is ")
    return f"{says[0].upper()}{says[1:]}{so_far}" if says else f"{THINKING}{so_far}"


def step_title(name: str, times: int, failed: int, state: str) -> str:
    """A step in the list of steps: how often it was begun, how often it `failed` before, and its `state` in a word."""
    again = f", {ordinal(times)} time" if times > 1 else ""
    before = f" ({failed} failed)" if failed else ""
    return f"{name}{again}{before}{state}"


def tool_title(name: str, times: int, state: str, *, running: bool) -> str:
    """A tool in the list of steps; its `state` in a word, as in `step_title`, is told unless it was simply used."""
    again = f", {ordinal(times)} time" if times > 1 else ""
    return f"{'Using' if running else 'Used'} {name}{again}{'' if state == DONE else state}"


def thought(seconds: float) -> str:
    """A model's thinking in the list of steps, when it is over."""
    return f"Thought for {took(seconds)}"


def earlier_steps(number: int) -> str:
    """The title of the list of steps; `number` are not shown of them."""
    return f"{STEPS}, and {number} earlier" if number else STEPS


def more_steps(number: int) -> str:
    """The last entry of a list of steps that is full: so many are not in it."""
    return f"and {number} more"


def work_done(steps: int, failed: int, tools: Sequence[str], seconds: float | None) -> str:
    """One line for all that was done for an answer: the steps of its flow, the names of its tools, and the time."""
    parts = [f"{steps} step{'' if steps == 1 else 's'}"] if steps else []
    parts += [f"{failed} failed"] if failed else []
    if tools:
        named = listed([shorten(one_line(tool), TOOL_NAME) for tool in tools], TOOLS)
        parts.append(f"{len(tools)} tool{'' if len(tools) == 1 else 's'} ({named})")
    return ", ".join([*parts, *([took(seconds)] if seconds is not None else [])])


def took(seconds: float) -> str:
    """How long something took."""
    minutes, rest = divmod(max(1, round(seconds)), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th and so on."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
