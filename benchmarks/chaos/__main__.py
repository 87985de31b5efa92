"""Runs the chaos run: replicas of the real program, killed, frozen and cut off while people ask; then judges it.

    .venv/bin/python -m benchmarks.chaos --seed 7

The local Slack and Flowise are in this process, Redis and each replica in one of its own, and a proxy stands in each
wire between them. What is judged is what stands in Slack at the end, what Flowise was asked, what Redis still holds.
Exit status 1: something that is promised did not hold; the logs are kept then.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chaos.oracle import judge
from benchmarks.chaos.people import People
from benchmarks.chaos.plan import Kind, Options, talks, troubles
from benchmarks.chaos.processes import NotStarted
from benchmarks.chaos.records import Record
from benchmarks.chaos.report import heard, told
from benchmarks.chaos.stage import Manner, Stage, stage
from benchmarks.chaos.trouble import Troubles
from benchmarks.chaos.verdicts import Outcome, Verdict
from benchmarks.chaos.witness import record

_LOOK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Run:
    """One run as it was asked for. `settle` is the longest wait, in seconds, after the faults and again after the last
    questions."""

    options: Options
    manner: Manner
    settle: float

    async def go(self, folder: Path) -> tuple[Verdict, str]:
        """Make the run; returns the verdict and the report."""
        plan = talks(self.options)
        async with stage(self.manner, folder) as built:
            people = People(built, plan)
            trouble = Troubles(built, troubles(self.options), self.options.seed)
            begun = time.monotonic()
            async with asyncio.TaskGroup() as group:
                group.create_task(people.ask(begun))
                group.create_task(trouble.run(begun))
            await built.mend()
            _say(f"faults over after {time.monotonic() - begun:.0f} s")
            await self._settled(built, people, trouble)
            await people.ask_last()
            final = await self._settled(built, people, trouble)
            verdict = judge(final)
            _say(f"settled after {time.monotonic() - begun:.0f} s")
            _keep(folder, built, final, trouble, begun)
        logs = heard(replica.log for replica in built.replicas)
        return verdict, told(final, verdict, trouble.done, logs, people.unasked)

    async def _settled(self, built: Stage, people: People, trouble: Troubles) -> Record:
        """Wait until nothing more is owed, or the patience is over; returns what stands then."""
        until = time.monotonic() + self.settle
        try:
            await built.slack.settled(self.settle)
        except TimeoutError:
            _say("Slack still delivers")
        while True:
            found = await record(built, people, trouble)
            if _is_quiet(judge(found)) or time.monotonic() > until:
                return found
            await asyncio.sleep(_LOOK_SECONDS)


_PASSING = {"press lost", "looks busy", "status left", "stream left open", "left in Redis"}


def _is_quiet(verdict: Verdict) -> bool:
    owed = verdict.outcomes[Outcome.NONE] + verdict.outcomes[Outcome.UNFINISHED]
    return not owed and not any(violation.rule in _PASSING for violation in verdict.violations)


def _keep(folder: Path, built: Stage, final: Record, trouble: Troubles, begun: float) -> None:
    """Write down what a failure is explained by."""
    calls = (f"{call.at - begun:8.2f} {call.method} {call.answer} {call.args}" for call in built.slack.calls)
    (folder / "calls.txt").write_text("\n".join(calls))
    (folder / "troubles.txt").write_text("\n".join(sorted(trouble.lines)))
    asked = (f"{asked.at - begun:8.2f} {asked}" for asked in final.asked)
    (folder / "asked.txt").write_text("\n".join(asked))
    shown = (f"{shown.at - begun:8.2f} to {shown.changed_at - begun:8.2f} {shown}" for shown in final.shown)
    (folder / "shown.txt").write_text("\n".join(shown))
    (folder / "redis.txt").write_text("\n".join(final.kept))


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def _kinds(names: str) -> frozenset[Kind]:
    return frozenset(Kind(name) for name in names.split(",") if name)


def _arguments() -> Run:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description="Kill, freeze, cut; then judge.")
    add: Callable[..., object] = parser.add_argument
    add("--seed", type=int, default=None, help="what happens, to repeat it (drawn anew, and printed)")
    add("--seconds", type=float, default=240.0, help="how long people ask and faults come (240)")
    add("--questions", type=int, default=200, help="in all threads, without the last ones (200)")
    add("--threads", type=int, default=40, help="mentions, direct messages and commands (40)")
    add("--replicas", type=int, default=3, help="processes of the bot (3)")
    every = ",".join(kind.value for kind in Kind)
    add("--faults", type=_kinds, default=frozenset(Kind), metavar="KIND,KIND", help=f"of {every} (all)")
    add("--delivery", choices=("edit", "stream", "auto"), default=None, help="SLACK_DELIVERY (drawn by the seed)")
    add("--by", choices=("socket", "http"), default="socket", help="how events come (socket)")
    add("--scale", type=float, default=4.0, help="multiplies Slack's rate limits, here and for the bot (4)")
    add("--haste", type=float, default=10.0, help="divides Slack's waits before it delivers again (10)")
    add("--settle", type=float, default=120.0, help="the longest wait, in seconds, until all is answered (120)")
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(100_000) if given.seed is None else given.seed
    delivery = given.delivery or ("edit", "stream", "auto")[seed % 3]
    threads = min(given.threads, given.questions)
    options = Options(seed, given.seconds, given.questions, threads, given.replicas, given.faults)
    routes_seed = seed if Kind.ROUTES in given.faults else None
    by_http = given.by == "http"
    return Run(options, Manner(given.replicas, delivery, given.scale, given.haste, by_http, routes_seed), given.settle)


async def _ending_well(run: Run, folder: Path) -> tuple[Verdict, str]:
    """A run that a SIGTERM ends too, processes and all."""
    if (task := asyncio.current_task()) is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await run.go(folder)


def main() -> int:
    """Make a run and print its report; returns the exit status."""
    run = _arguments()
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    _say(f"seed {run.options.seed}, delivery {run.manner.delivery}, in {folder}")
    try:
        verdict, report = asyncio.run(_ending_well(run, folder))
    except NotStarted as error:
        _say(f"not run: {error}")
        return 2
    except asyncio.CancelledError:
        _say(f"stopped; the logs are kept in {folder}")
        return 128 + signal.SIGTERM
    sys.stdout.write(f"{report}\nseed {run.options.seed}, delivery {run.manner.delivery}\n")
    if verdict.violations:
        sys.stdout.write(f"the logs are kept in {folder}\n")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
