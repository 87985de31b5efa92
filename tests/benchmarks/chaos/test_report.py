from __future__ import annotations

from pathlib import Path

from benchmarks.chaos.oracle import judge
from benchmarks.chaos.plan import Kind, Surface
from benchmarks.chaos.records import Asked, Record, Tried
from benchmarks.chaos.report import heard, told

TOKEN = "q01n00x00000a"


def test_the_logs_are_counted_by_what_they_say(tmp_path: Path) -> None:
    log = tmp_path / "replica-0.log"
    lines = (
        '{"event": "question taken over", "level": "warning", "epoch": 2}',
        '{"event": "question taken over", "level": "warning", "epoch": 3}',
        '{"event": "answer recovered", "level": "info"}',
        '{"event": "question", "level": "info"}',
        "no JSON at all",
        '["a list"]',
    )
    log.write_text("\n".join(lines))
    assert heard([log]) == {"warning: question taken over": 2, "info: answer recovered": 1}


def test_the_report_tells_faults_outcomes_and_violations() -> None:
    record = Record(asked=[Asked(TOKEN, "C1:1.0", Surface.MENTION, 1.0, [Tried(1.0, 1.1, acked=True)])])
    rows = [" ".join(row.split()) for row in told(record, judge(record), {Kind.KILL: 3}, {}, []).splitlines()]
    assert {"kill 3", "asked 1", "taken 1", "no answer 1", "violations: 1", "no answer: 1"} <= set(rows)
    assert f"{TOKEN} (mention, C1:1.0)" in rows


def test_a_run_in_which_nothing_was_asked_can_be_told() -> None:
    assert told(Record(asked=[]), judge(Record(asked=[])), {}, {}, []).endswith("violations: 0")
