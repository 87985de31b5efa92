"""Tests that a flow is made anew when something of it changes, and left alone when something else does."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.background.supervision import Supervisor
from bot.config.live import LiveConfiguration
from bot.flowise.client import new_session
from bot.metrics.exposition import Metrics
from bot.serving.flows import ConnectedFlows
from tests.config.made import FLOWS, environment


@dataclass(slots=True)
class Connected:
    live: LiveConfiguration
    flows: ConnectedFlows
    file: Path

    def change(self, old: str, new: str) -> None:
        self.file.write_text(self.file.read_text().replace(old, new))
        for _ in range(2):
            self.live.take(self.live.read())


@pytest.fixture
async def connected(tmp_path: Path) -> AsyncIterator[Connected]:
    file = tmp_path / "bot.toml"
    (tmp_path / "it.key").write_text("first-key")
    file.write_text('default = "it"' + FLOWS.replace('"i"', '"i"\napi_key_file = "it.key"'))
    live = LiveConfiguration(environment(FLOWISE_URL="http://127.0.0.1:9"), {}, file)
    async with new_session() as session:
        supervisor = Supervisor(time.monotonic)
        flows = ConnectedFlows(live, session, Metrics(by_flow=True).flowise, supervisor)
        yield Connected(live, flows, file)
        await flows.stop()
        await supervisor.stop()


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ('default = "it"', 'default = "law"', set()),
        ('"i"', '"j"', {"it"}),
        ('"i"', '"i"\ntitle = "Help desk"', {"it"}),
        ('"l"', '"l"\nconnect_timeout = 3', {"law"}),
        ('[flows.law]\nchatflow_id = "l"', "", {"law"}),
    ],
)
async def test_what_changes_is_made_anew(connected: Connected, old: str, new: str, changed: set[str]) -> None:
    names = ("handbook", "it", "law")
    before = {name: connected.flows.named(name) for name in names}
    connected.change(old, new)
    assert {name for name in names if connected.flows.named(name) is not before[name]} == changed


async def test_a_key_that_changes_in_its_file_is_used_and_hidden(connected: Connected) -> None:
    before = connected.flows.named("it")
    connected.file.with_name("it.key").write_text("second-key")
    connected.change("x", "x")
    after = connected.flows.named("it")
    assert after is not before
    assert after is not None
    assert after.reads_answers
    assert connected.live.hidden() == ("second-key",)
