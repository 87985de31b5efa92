"""Measures what one long answer costs: its Slack calls, and how far what is seen lags behind what Flowise sends.

    .venv/bin/python -m benchmarks.one_answer

The real bot, a local Slack with its rate limits and a local Flowise run in this process, over loopback sockets. A word
is sent when the local Flowise gives its frame to the socket, and seen when the local Slack has taken the post or edit
that shows it first: both times are of time.monotonic. Words that are markup and are never shown as such are left out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from unittest.mock import patch

from bot.playground.flowise.runs import Listener
from bot.playground.sandbox import Sandbox, sandbox
from bot.playground.slack.message import Message
from bot.playground.slack.web import ApiCall
from bot.serving import logs
from bot.settings.settings import Settings
from bot.store.embedded import EmbeddedValkey

_DATA = re.compile(rb"^data:(.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sent:
    """A word that Flowise has sent, without its punctuation and markup, and when."""

    word: str
    at: float


@dataclass(frozen=True, slots=True)
class State:
    """The words that a message of the bot's showed from `at` on."""

    ts: str
    at: float
    words: Sequence[str]


@dataclass(frozen=True, slots=True)
class Run:
    """One answer, measured. Times are of one steady clock; `cpu` is of the whole process, in seconds."""

    sent: Sequence[Sent]
    states: Sequence[State]
    calls: Sequence[ApiCall]
    seconds: float
    cpu: float


@contextmanager
def noting(sent: list[Sent]) -> Iterator[None]:
    """Notes every word of every token that the local Flowise sends meanwhile."""
    send = Listener.send

    async def noted(self: Listener, data: bytes) -> None:
        now = time.monotonic()
        sent.extend(Sent(word, now) for word in _words(_tokens(data)))
        await send(self, data)

    with patch.object(Listener, "send", noted):
        yield


def _tokens(data: bytes) -> str:
    frames = (json.loads(found) for found in _DATA.findall(data))
    return "".join(frame["data"] for frame in frames if frame["event"] == "token")


def _words(text: str) -> list[str]:
    """The words of a text as letters and digits alone, so that Markdown and what is shown of it can be compared."""
    return [word for run in text.split() if (word := "".join(filter(str.isalnum, run)))]


def seen(states: Sequence[State]) -> list[tuple[str, float]]:
    """The words of the answer as it stands in the end, each with the time from which on it could be read."""
    found: list[tuple[str, float]] = []
    for ts in sorted({state.ts for state in states}, key=float):
        of_message = [state for state in states if state.ts == ts]
        for number, word in enumerate(of_message[-1].words, start=1):
            found.append((word, min(state.at for state in of_message if len(state.words) >= number)))
    return found


def lags(run: Run) -> list[float]:
    """Seconds from sent to seen, for every word that was sent and is shown in the end."""
    shown = seen(run.states)
    matcher = SequenceMatcher(None, [sent.word for sent in run.sent], [word for word, _ in shown], autojunk=False)
    return [
        shown[block.b + number][1] - run.sent[block.a + number].at
        for block in matcher.get_matching_blocks()
        for number in range(block.size)
    ]


async def measured(words: int, rate: float, interval: float, latency: float) -> Run:
    """Ask once for an answer of so many words at `rate` words a second."""
    with tempfile.TemporaryDirectory() as folder:
        valkey = EmbeddedValkey(Path(folder))
        try:
            redis_url = await valkey.start()
            async with (
                sandbox(redis_url, tokens_per_second=rate, latency=latency) as home,
                home.bot(slack_edit_interval=interval),
            ):
                return await _asked(home, words)
        finally:
            await valkey.stop()


async def _asked(home: Sandbox, words: int) -> Run:
    sent: list[Sent] = []
    states: list[State] = []

    def note(kind: str, message: Message) -> None:
        if kind in {"posted", "updated"} and message.user == home.slack.bot_user_id:
            at = message.edits[-1].at if message.edits else message.at
            states.append(State(message.ts, at, _words(message.body)))

    home.slack.on_change(note)
    calls, start, cpu = len(home.slack.calls), time.monotonic(), time.process_time()
    with noting(sent):
        root = await home.ask(f"{home.mention} Please answer in {words} words.")
        await home.answered(root, timeout=600.0)
    seconds, cpu = time.monotonic() - start, time.process_time() - cpu
    return Run(sent, states, home.slack.calls[calls:], seconds, cpu)


def report(run: Run, interval: float) -> str:
    """The figures of a run, a line each."""
    waits = lags(run)
    mean, p95 = statistics.fmean(waits), statistics.quantiles(waits, n=20)[-1]
    methods = Counter(call.method for call in run.calls)
    size = sum(len(json.dumps(call.args, ensure_ascii=False).encode()) for call in run.calls)
    last = max(state.at for state in run.states) - run.sent[-1].at
    lines = [
        ("words sent", f"{len(run.sent)} in {run.sent[-1].at - run.sent[0].at:.1f} s; {len(waits)} found in Slack"),
        ("calls of Slack", f"{len(run.calls)}: " + ", ".join(f"{count} {name}" for name, count in methods.items())),
        ("answered 429", str(sum(call.answer == "429" for call in run.calls))),
        ("edits", f"{methods['chat.update']} of {len({state.ts for state in run.states})} messages"),
        ("sent to seen", f"mean {mean:.2f} s, 95 % under {p95:.2f} s, longest {max(waits):.2f} s"),
        ("... / interval", f"mean {mean / interval:.2f}, 95 % under {p95 / interval:.2f}"),
        ("last word to last edit", f"{last:.2f} s"),
        ("arguments of the calls", f"{size / 1000:.0f} kB as JSON"),
        ("CPU", f"{run.cpu:.2f} s of {run.seconds:.1f} s: the bot, the local Slack and the local Flowise together"),
    ]
    return "\n".join(f"{name:<23} {value}" for name, value in lines)


def main() -> None:
    default: float = Settings.model_fields["slack_edit_interval"].default
    parser = argparse.ArgumentParser(prog="python -m benchmarks.one_answer", description="Measure one long answer.")
    parser.add_argument("--words", type=int, default=1000, help="of the answer (1000)")
    parser.add_argument("--rate", type=float, default=50.0, help="words a second (50)")
    parser.add_argument("--interval", type=float, default=default, help=f"SLACK_EDIT_INTERVAL in seconds ({default})")
    parser.add_argument("--latency", type=float, default=0.12, help="of a call of Slack's Web API, in seconds (0.12)")
    given = parser.parse_args()
    logs.configure("WARNING", "text", ())
    run = asyncio.run(measured(given.words, given.rate, given.interval, given.latency))
    sys.stdout.write(report(run, given.interval) + "\n")


if __name__ == "__main__":
    main()
