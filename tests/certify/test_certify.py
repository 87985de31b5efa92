"""Certify over the wire: every assumption as documented, each made false once, and a run that is killed half-way."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.background.supervision import Supervisor
from bot.certify.assumptions import ASSUMPTIONS, ONLY_WITH_LIMITS
from bot.certify.calls import Calls
from bot.certify.report import Report, Result
from bot.certify.run import certified
from bot.certify.scene import Scene, Times
from bot.pacing.governor import Governor
from bot.playground.slack import LocalSlack
from bot.slack.client import SlackClient
from bot.slack.wire import new_session, web_client
from bot.store.redis import RedisStore

ROOT = Path(__file__).parent.parent.parent
NAMES = [one.name for one in ASSUMPTIONS]
# A stream lasts for as long as the last text is surely in time, and is over when it is looked at again.
LIFE, LASTS = Times(preview=0.0, life=0.6, over=0.8, minute=0.0), 1.2


@dataclass
class Bench:
    """A local Slack with a channel, a store, and runs of certify in them. `scale` as for the bot."""

    slack: LocalSlack
    store: RedisStore
    channel: str
    told: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def scene(self, *, scale: float = 100.0) -> AsyncIterator[Scene]:
        async with new_session() as session:
            web, supervisor = web_client(self.slack.bot_token, self.slack.url, session), Supervisor(time.monotonic)
            client = SlackClient(web, session)
            identity = await client.identity()
            governor = Governor(self.store, identity.team, scale=scale, now=time.monotonic, supervisor=supervisor)
            calls = Calls(client, web, session, governor, now=time.monotonic)
            yield Scene(calls, identity, self.channel, "", app_token=self.slack.app_token, times=LIFE)
            await governor.stop()
            await supervisor.stop()

    async def run(self, *only: str, limits: bool = False) -> Report:
        async with self.scene() as scene:
            chosen: Collection[str] | None = only or None
            return await certified(
                scene,
                self.store.certificates,
                wall=time.time,
                limits=limits,
                only=chosen,
                told=lambda row: self.told.append(row.assumption.name),
            )

    @property
    def stands(self) -> list[str]:
        """What the bot has left in the channel."""
        messages = self.slack.core.channel(self.channel).messages.values()
        return [message.ts for message in messages if message.user == self.slack.bot_user_id]


@pytest.fixture
async def bench(store: RedisStore) -> AsyncIterator[Bench]:
    async with LocalSlack(scale=1) as slack:
        slack.limits = "off"
        slack.stream_seconds = LASTS
        slack.core.workspace.enterprise_id = "E0GRID"
        ada = slack.core.workspace.person("ada", enterprise="E0GRID").id
        yield Bench(slack, store, slack.channel("certify", members=[ada]))


def seen(report: Report) -> dict[str, str]:
    return {row.assumption.name: row.observed.result.value for row in report.rows}


async def test_a_slack_as_documented_holds_what_is_assumed_and_nothing_is_left(bench: Bench) -> None:
    report = await bench.run()
    expected = dict.fromkeys(NAMES, "holds") | dict.fromkeys(ONLY_WITH_LIMITS, "unknown")
    assert {
        row.assumption.name: row.observed.text
        for row in report.rows
        if seen(report)[row.assumption.name] != expected[row.assumption.name]
    } == {}
    assert report.status == 0
    assert sorted(bench.told) == sorted(NAMES)
    assert bench.stands == []
    assert bench.slack.core.workspace.files == {}
    assert list(await bench.store.certificates.remains(bench.slack.team_id)) == []
    slack = bench.slack
    assert (slack.pings, slack.previews, slack.violations) == ([], [], [])


@pytest.mark.parametrize("name", NAMES)
async def test_each_assumption_that_is_false_is_found_alone(bench: Bench, name: str) -> None:
    bench.slack.limits = "on" if name in ONLY_WITH_LIMITS else "off"
    bench.slack.reported.add(name)
    # The long page is one only where the others have filled the thread.
    report = await bench.run(*(() if name == "long_pages" else (name,)), limits=name in ONLY_WITH_LIMITS)
    wrong = [row for row in report.rows if row.observed.result is Result.WRONG]
    assert [row.assumption.name for row in wrong] == [name]
    assert report.status == 1
    assert wrong[0].assumption.if_wrong in " ".join(report.as_text().split())
    assert bench.stands == []
