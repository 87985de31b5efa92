"""What the chaos run says of flows, and that the bot reads the routes it writes as the oracle does."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.chaos.flow_rules import of_flows
from benchmarks.chaos.plan import Surface
from benchmarks.chaos.records import Asked, Predicted, Record, Tried
from benchmarks.chaos.routes import ROUTED, UNROUTED, RouteFile, Routes, drawn
from bot.config import routing
from bot.config.live import LiveConfiguration
from tests.config.made import environment

HELP = Routes("handbook", "law", None, {"C1": "it"})
LATER = Routes("law", None, "law", {"C1": "law"})


def asked(token: str, place: str = "C1:1.0", at: float = 100.0, surface: Surface = Surface.MENTION) -> Asked:
    return Asked(token, place, surface, at, (Tried(at, at, acked=True),))


def record(*predicted: Predicted, **changes: object) -> Record:
    made = Record(
        asked=(asked("one"), asked("two", at=300.0)),
        routes=((0.0, HELP), (200.0, LATER)),
        predicted=predicted,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the fields of Record


ONE, TWO = Predicted("one", "it", 101.0), Predicted("two", "it", 301.0)
OF_A_COMMAND = replace(asked("one"), is_command=True)
OF_AN_OLDER = asked("older", at=150.0)


@pytest.mark.parametrize(
    ("seen", "rules"),
    [
        (record(ONE, TWO), []),
        (record(ONE, replace(TWO, flow="law")), ["flow changed"]),
        (record(replace(ONE, flow="handbook")), ["asked of another flow"]),
        (record(replace(ONE, flow=UNROUTED)), ["asked of another flow"]),
        (record(replace(TWO, flow="law"), asked=(asked("two", at=300.0),)), []),
        (record(TWO, asked=(asked("two", at=300.0),)), ["asked of another flow"]),
        # Each replica has a while to read the file; one that was frozen had read it before.
        (record(TWO, asked=(asked("two", at=205.0),)), []),
        (record(TWO, asked=(asked("two", at=300.0),), frozen=((190.0, 295.0),)), []),
        (record(TWO, asked=(asked("two", at=300.0),), frozen=((190.0, 210.0),)), ["asked of another flow"]),
        # Its flow was chosen for a question before, which was asked of none.
        (record(TWO, asked=(OF_AN_OLDER, asked("two", at=300.0))), []),
        (record(replace(ONE, flow="law"), asked=(OF_A_COMMAND,)), []),
        (record(replace(ONE, flow="handbook"), asked=(asked("one", "D1", surface=Surface.DIRECT),)), []),
        (record(replace(ONE, flow=UNROUTED), asked=(asked("one", "C1@U1"),)), []),
        (record(replace(ONE, flow="chaos"), routes=()), []),
    ],
)
def test_a_thread_keeps_a_flow_to_which_routes_led(seen: Record, rules: list[str]) -> None:
    assert [violation.rule for violation in of_flows(seen)] == rules


def test_the_bot_reads_what_is_written_as_it_is_meant(tmp_path: Path) -> None:
    chance, channels = random.Random(1), [f"C{number}ABCDEFGH" for number in range(3)]
    chatflows = {name: f"chatflow-of-{name}" for name in (*ROUTED, UNROUTED)}
    file = RouteFile(tmp_path / "bot.toml", chatflows, "/flowise")
    led: set[str] = set()
    for number in range(20):
        file.write(drawn(chance, channels), number)
        _, routes = file.versions[-1]
        effective = LiveConfiguration(environment(), {}, file.path).effective
        for channel in (*channels, "C0ELSEWHERE", "D0ABCDEFGH"):
            direct = channel.startswith("D")
            for command in ("", "/flowise"):
                if direct and command:
                    continue
                found = routing.choose(effective, routing.Asked(channel, "why?", command, is_direct=direct)).flow
                surface = Surface.DIRECT if direct else Surface.MENTION
                assert found == routes.lead(channel, surface, is_command=bool(command))
                led.add(str(found))
    assert led == set(ROUTED)
