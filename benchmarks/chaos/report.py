"""Reports a chaos run: what happened, what became of the questions, what was broken."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.chaos.answers import decides
from benchmarks.chaos.plan import Kind
from benchmarks.chaos.records import Record
from benchmarks.chaos.verdicts import Outcome, Verdict, Violation

_SHOWN, _WIDTH = 8, 60
_LOUD = frozenset({"warning", "error", "critical"})
# What is worth to be counted of what goes well.
_TOLD = frozenset({"answer recovered"})


def heard(logs: Iterable[Path]) -> Counter[str]:
    """What the replicas have logged as warnings and errors, and of taken-over answers, by the words of the line."""
    found: Counter[str] = Counter()
    for log in logs:
        for line in log.read_text("utf-8", "replace").splitlines():
            try:
                said = json.loads(line)
            except ValueError:
                continue
            if isinstance(said, dict) and (said.get("level") in _LOUD or said.get("event") in _TOLD):
                found[f"{said['level']}: {str(said['event']).partition('(')[0][:_WIDTH]}"] += 1
    return found


def told(
    record: Record, verdict: Verdict, troubles: Mapping[Kind, int], lines: Mapping[str, int], unasked: Sequence[str]
) -> str:
    """The report of a run, for a terminal."""
    return "\n".join(
        [
            *_table("faults", {kind.value: count for kind, count in troubles.items()}),
            *_table("said by the replicas", lines),
            *_table("questions", dict(_questions(record, verdict, unasked))),
            *_table("answers", {outcome.value: verdict.outcomes[outcome] for outcome in Outcome}),
            *_times(verdict),
            *_violations(verdict.violations),
        ]
    )


def _questions(record: Record, verdict: Verdict, unasked: Sequence[str]) -> Iterator[tuple[str, int]]:
    yield "asked", len(record.asked)
    yield "taken", sum(asked.accepted_at is not None for asked in record.asked)
    yield "not taken at the first delivery", sum(not tried.acked for asked in record.asked for tried in asked.tries[:1])
    yield "had no thread to be asked in", len(unasked)
    yield "predictions", len(record.predictions)
    yield "429s that were not asked for", len(record.limited)
    yield "presses that stop an answer", len(record.presses)
    yield "answers that were rated", len(record.rated)
    yield "presses that ask anew", len(record.regenerated)
    yield "questions that a button has asked", sum(asked.token.startswith("s") for asked in record.asked)
    yield "decisions that were pressed", len(record.decided)
    yield "decisions that Flowise was told", len(record.resumed)
    yield "flows that were asked", len({one.flow for one in record.predicted})
    yield "versions of the routes", len(record.routes)
    yield "places", len({asked.place for asked in record.asked})
    yield "keys left in Redis", len(record.kept)


def _times(verdict: Verdict) -> Iterator[str]:
    """From the question to its answer's last change, where no decision was waited for."""
    ended = [one for one in verdict.judged if one.unit is not None and not decides(one.asked.token)]
    times = sorted(one.unit.done_at - one.asked.at for one in ended if one.unit is not None)
    yield "seconds to the end of an answer"
    if times:
        yield f"  {'median':<{_WIDTH + 10}} {times[len(times) // 2]:>8.1f}"
        yield f"  {'worst':<{_WIDTH + 10}} {times[-1]:>8.1f}"


def _table(title: str, rows: Mapping[str, int]) -> Iterator[str]:
    yield title
    for name, count in sorted(rows.items(), key=lambda row: -row[1]) if rows else ():
        yield f"  {name:<{_WIDTH + 10}} {count:>8}"


def _violations(violations: Sequence[Violation]) -> Iterator[str]:
    by_rule: dict[str, list[str]] = {}
    for violation in violations:
        by_rule.setdefault(violation.rule, []).append(violation.seen)
    yield f"violations: {len(violations)}"
    for rule, seen in sorted(by_rule.items(), key=lambda item: -len(item[1])):
        yield f"  {rule}: {len(seen)}"
        yield from (f"    {what}" for what in seen[:_SHOWN])
        if len(seen) > _SHOWN:
            yield f"    and {len(seen) - _SHOWN} more"
