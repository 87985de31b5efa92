"""Compares this bot with others on the same work: n people ask at once, over the wire, each in its own process.

    .venv/bin/python -m benchmarks.side_by_side

For each bot and each n there are a new local Slack with its documented limits, at 120 ms a call, and a new local
Flowise, whose answers are one text of so many words at 50 a second. n people mention the bot at once, in eight
channels; each answer carries a number. A word is sent when the local Flowise gives its frame to the socket, and seen
when the local Slack has taken the call that shows it. Who is not whole 75 s after the last word is not waited for.

Only one run streams at a time. While one has nothing left but to wait for Slack, the next one begins.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import count
from pathlib import Path

from benchmarks.bounds import bound
from benchmarks.crowd import Stream
from benchmarks.essay import LEAST, essay
from benchmarks.measuring import Row, Usage, summed
from benchmarks.subjects import SUBJECTS, NotHere, Program, Subject, install_chat_sdk
from benchmarks.tables import tables
from benchmarks.watching import Watched, noting, question
from bot.playground.flowise import LocalFlowise
from bot.playground.flowise.model import tokens
from bot.playground.flowise.scripts import Script
from bot.playground.slack import LocalSlack
from bot.playground.slack.message import Message

LATENCY, RATE = 0.12, 50.0
_CHANNELS = 8
_START_SECONDS, _SETTLE_SECONDS = 20.0, 1.0
# How much longer than the text takes a bot may be about asking Flowise for it.
_LATE_SECONDS = 15.0
_QUIET_SECONDS = 3.0
PATIENCE = 75.0


class Bench:
    """All runs of a measurement; the numbers of the questions go on from run to run."""

    def __init__(self, length: int, folder: Path) -> None:
        self._length, self._folder, self._numbers = length, folder, count(1)
        self._watched: dict[int, Watched] = {}

    async def rows(self, plan: Sequence[tuple[Subject, int]]) -> list[Row]:
        """Measure each subject with n answers; a run that cannot be made is left out, with a line that says why."""
        with noting(self._watched):
            async with asyncio.TaskGroup() as group:
                runs = []
                for subject, n in plan:
                    streamed = asyncio.Event()
                    runs.append(group.create_task(self._run(subject, n, streamed.set)))
                    await streamed.wait()
        return [row for run in runs if (row := run.result())]

    async def _run(self, subject: Subject, n: int, streamed: Callable[[], None]) -> Row | None:
        folder = self._folder / f"{subject.name}-{n}"
        folder.mkdir()
        try:
            async with (
                LocalSlack(latency=LATENCY) as slack,
                LocalFlowise(tokens_per_second=RATE) as flowise,
                Program(subject, _settings(slack, flowise), folder) as program,
            ):
                await _connected(slack, program)
                row = await self._asked(slack, flowise, program, n, streamed)
        except NotHere as why:
            _say(f"{subject.label}, {n} at once: {why}")
            return None
        finally:
            streamed()
        _say(f"{subject.label}, {n} at once: mean {row.mean:.2f} s, {row.whole} whole, {row.refused} refused")
        return row

    async def _asked(
        self, slack: LocalSlack, flowise: LocalFlowise, program: Program, n: int, streamed: Callable[[], None]
    ) -> Row:
        mine = {next(self._numbers): Watched(f"channel {place % _CHANNELS}") for place in range(n)}
        self._watched |= mine
        answers = list(mine.values())
        for number in mine:
            text = tokens(essay(self._length, number))
            flowise.script("plain", Script(tokens=text, token_wait=1 / RATE))
        program.begin()
        before = len(slack.calls)
        await _ask(slack, mine)
        await _until(slack, lambda: all(answer.ended for answer in answers), self._length / RATE + _LATE_SECONDS)
        last = time.monotonic()
        await _until(slack, lambda: all(answer.whole for answer in answers), _QUIET_SECONDS)
        streamed()
        await _until(slack, lambda: all(answer.whole for answer in answers), last + PATIENCE - time.monotonic())
        await asyncio.sleep(2 * LATENCY)  # for the calls that come after the last word
        now, usage = time.monotonic(), Usage(program.cpu, program.idle, program.peak)
        heard = [answer for answer in answers if answer.sent]
        if not heard:
            raise NotHere(f"it has not asked Flowise. Its log ends:\n{program.log[-2000:]}")
        streams = [Stream("", answer.channel, 0, [word.at for word in answer.sent]) for answer in heard]
        return summed(
            program.subject.name,
            n,
            [answer.until(now) for answer in heard],
            bound(streams, 1.0),
            [(call.method, call.answer) for call in slack.calls[before:] if call.method != "apps.connections.open"],
            sum(answer.tokens for answer in heard),
            usage,
            LATENCY,
        )


def _settings(slack: LocalSlack, flowise: LocalFlowise) -> dict[str, str]:
    return {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_API_URL": slack.url,
        "FLOWISE_URL": flowise.url,
        "FLOWISE_CHATFLOW_ID": flowise.flow("plain"),
        "HOST": "127.0.0.1",
        "PORT": "0",
    }


async def _connected(slack: LocalSlack, program: Program) -> None:
    if not await _until(slack, lambda: slack.sockets > 0 or not program.running, _START_SECONDS) or not slack.sockets:
        raise NotHere(f"it does not connect to Slack. Its log ends:\n{program.log[-2000:]}")
    await asyncio.sleep(_SETTLE_SECONDS)


async def _ask(slack: LocalSlack, watched: dict[int, Watched]) -> None:
    """Everybody asks at once, each a person of their own; from now on their threads are watched."""
    roots: dict[str, Watched] = {}

    def note(kind: str, message: Message) -> None:
        answer = roots.get(message.thread_ts or "")
        if answer and message.user == slack.bot_user_id and kind in {"posted", "updated", "deleted"}:
            answer.change(kind, message)

    slack.on_change(note)
    places = {number: (slack.user(f"person {number}"), slack.channel(a.channel)) for number, a in watched.items()}
    for number, answer in watched.items():
        text = f"<@{slack.bot_user_id}> {question(number)}"
        roots[await slack.say(*places[number], text)] = answer


async def _until(slack: LocalSlack, predicate: Callable[[], bool], seconds: float) -> bool:
    """Whether it holds within so many seconds."""
    try:
        await slack.until(predicate, max(0.01, seconds))
    except TimeoutError:
        return False
    return True


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


async def measured(names: Sequence[str], sizes: Sequence[int], length: int) -> list[Row]:
    """The rows of the bots of these names; those that cannot run here are left out, with a line that says why."""
    subjects = [SUBJECTS[name] for name in names]
    if any(subject.needs_node for subject in subjects):
        try:
            await install_chat_sdk()
        except NotHere as why:
            _say(str(why))
            subjects = [subject for subject in subjects if not subject.needs_node]
    with tempfile.TemporaryDirectory() as folder:
        return await Bench(length, Path(folder)).rows([(subject, n) for subject in subjects for n in sizes])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.side_by_side", description="Measure bots side by side.")
    parser.add_argument(
        "--bots", nargs="+", choices=SUBJECTS, default=tuple(SUBJECTS), metavar="BOT", help=", ".join(SUBJECTS)
    )
    parser.add_argument("--n", nargs="+", type=int, default=[1, 5, 10, 20, 40], help="answers at once (1 5 10 20 40)")
    parser.add_argument("--words", type=int, default=419, help="of each answer (419)")
    parser.add_argument("--json", type=Path, help="where to write the figures, for benchmarks.plot")
    given = parser.parse_args()
    if given.words < LEAST:
        parser.error(f"--words: expected {LEAST} or more")
    rows = asyncio.run(measured(given.bots, given.n, given.words))
    sys.stdout.write(tables(rows, {subject.name: subject.label for subject in SUBJECTS.values()}) + "\n")
    if given.json:
        given.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main()
