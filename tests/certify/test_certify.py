"""Certify over the wire: every assumption as documented, each made false once, and a run that is killed half-way."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import sys
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bot.background.supervision import Supervisor
from bot.certify.assumptions import ASSUMPTIONS, ONLY_WITH_LIMITS
from bot.certify.calls import Calls, WrongError
from bot.certify.program import certify
from bot.certify.report import Report, Result
from bot.certify.run import CHECKS, certified
from bot.certify.scene import Scene, Times
from bot.certify.thread import cleaned, opened
from bot.pacing.governor import Governor
from bot.playground.slack import LocalSlack
from bot.playground.slack.behaviours import BEHAVIOURS
from bot.settings.settings import checked
from bot.slack.client import SlackClient
from bot.slack.verified import NOTHING, verified
from bot.slack.wire import new_session, web_client
from bot.store.redis import RedisStore

ROOT = Path(__file__).parent.parent.parent
NAMES = [one.name for one in ASSUMPTIONS]
# A stream lasts for as long as the last text is surely in time, and is over when it is looked at again.
TIMES, LASTS = Times(preview=0.0, life=1.0, over=1.3, minute=0.0), 2.0


@dataclass
class Bench:
    """A local Slack with a channel, a store, and runs of certify in them. `scale` as for the bot."""

    slack: LocalSlack
    store: RedisStore
    channel: str

    @asynccontextmanager
    async def scene(self, *, scale: float = 100.0) -> AsyncIterator[Scene]:
        async with new_session() as session:
            web, supervisor = web_client(self.slack.bot_token, self.slack.url, session), Supervisor(time.monotonic)
            client = SlackClient(web, session)
            identity = await client.identity()
            governor = Governor(self.store, identity.team, scale=scale, now=time.monotonic, supervisor=supervisor)
            calls = Calls(client, web, session, governor, now=time.monotonic)
            yield Scene(calls, identity, self.channel, "", app_token=self.slack.app_token, times=TIMES)
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


async def test_a_slack_as_documented_holds_what_is_assumed_and_nothing_is_left(bench: Bench, own_redis: str) -> None:
    given = {
        "slack_bot_token": bench.slack.bot_token,
        "slack_app_token": bench.slack.app_token,
        "slack_api_url": bench.slack.url,
        "slack_rate_scale": 100,
        "flowise_url": "http://127.0.0.1:9",
        "flowise_chatflow_id": "none",
        "redis_url": own_redis,
    }
    out, progress = io.StringIO(), io.StringIO()
    ended = await certify(
        checked(given), bench.channel, limits=False, machine_readable=True, out=out, progress=progress, times=TIMES
    )
    rows = json.loads(out.getvalue())["assumptions"]
    expected = dict.fromkeys(NAMES, "holds") | dict.fromkeys(ONLY_WITH_LIMITS, "unknown")
    assert [row for row in rows if row["result"] != expected[row["name"]]] == []
    assert [row["name"] for row in rows] == NAMES
    assert ended == 0
    assert len(progress.getvalue().splitlines()) == len(NAMES)
    slack, kept = bench.slack, RedisStore.at(own_redis)
    assert await kept.certificates.kept(slack.team_id) == out.getvalue()
    assert list(await kept.certificates.remains(slack.team_id)) == []
    await kept.aclose()
    assert re.findall(r"\b[A-Z][A-Z0-9]{7,}\b|certify[0-9a-f]{6}|xox|\bada\b|\d{10}\.\d{6}", out.getvalue()) == []
    assert bench.stands == []
    assert slack.core.workspace.files == {}
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


async def test_a_run_that_is_killed_is_cleaned_up_by_the_next(bench: Bench, own_redis: str) -> None:
    settings = {
        "SLACK_BOT_TOKEN": bench.slack.bot_token,
        "SLACK_APP_TOKEN": bench.slack.app_token,
        "SLACK_API_URL": bench.slack.url,
        "FLOWISE_URL": "http://127.0.0.1:9",
        "FLOWISE_CHATFLOW_ID": "none",
        "REDIS_URL": own_redis,
    }
    arguments = ("-m", "bot", "certify", "--channel", bench.channel)
    quiet = asyncio.subprocess.DEVNULL
    program = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env={**os.environ, **settings}, stdout=quiet, stderr=quiet
    )
    await bench.slack.until(lambda: len(bench.stands) >= 3 and bool(bench.slack.streaming), 40)
    program.kill()
    await program.wait()
    assert len(bench.stands) >= 3
    bench.store = RedisStore.at(own_redis)
    await bench.run("siblings")
    assert bench.stands == []
    assert list(await bench.store.certificates.remains(bench.slack.team_id)) == []
    await bench.store.aclose()


async def test_a_first_message_whose_ts_was_never_noted_is_found_by_its_mark(bench: Bench) -> None:
    team = bench.slack.team_id
    async with bench.scene() as scene:
        root = await opened(scene.calls, bench.store.certificates, team, bench.channel, at=time.time())
        await bench.store.certificates.forget_remains(team, root.noted())
        await bench.store.certificates.note_remains(team, replace(root, ts="").noted())
        never = replace(root, mark="certifynever", ts="")
        await bench.store.certificates.note_remains(team, never.noted())
        assert len(bench.stands) == 1
        assert await cleaned(scene.calls, bench.store.certificates, team) == 0
    assert bench.stands == []
    assert list(await bench.store.certificates.remains(team)) == []


async def test_what_cannot_be_removed_is_told_and_tried_again(bench: Bench) -> None:
    bench.slack.refuse("chat.delete", "cant_delete_message", times=100)
    report = await bench.run("siblings")
    assert (report.left, report.status) == (1, 1)
    assert "the next run tries again" in report.as_text()
    bench.slack.no_faults()
    assert (await bench.run("siblings")).left == 0
    assert bench.stands == []


async def test_what_people_have_written_in_the_thread_stays(bench: Bench) -> None:
    ada = next(iter(bench.slack.core.channel(bench.channel).members - {bench.slack.bot_user_id}))
    async with bench.scene() as scene:
        team, certificates = bench.slack.team_id, bench.store.certificates
        root = await opened(scene.calls, certificates, team, bench.channel, at=time.time())
        await bench.slack.say(ada, bench.channel, "What is this?", thread_ts=root.ts)
        assert await cleaned(scene.calls, certificates, team) == 0
    assert bench.stands == []
    assert [message.user for message in bench.slack.core.channel(bench.channel).messages.values()] == [ada]


async def test_a_channel_that_takes_nothing_is_said(bench: Bench) -> None:
    bench.channel = "C0NOWHERE"
    with pytest.raises(WrongError, match="the first message was refused: channel_not_found"):
        await bench.run("siblings")
    assert list(await bench.store.certificates.remains(bench.slack.team_id)) == []


async def test_without_a_person_streams_are_unknown_and_not_wrong(bench: Bench) -> None:
    bench.channel = bench.slack.channel("empty", members=[])
    report = await bench.run("stream_size", "table")
    assert seen(report) == {"stream_size": "unknown", "table": "holds"}


async def test_in_a_private_channel_whoever_has_written_is_taken_for_the_reader(bench: Bench) -> None:
    ada = bench.slack.user("ada")
    bench.channel = bench.slack.channel("private", members=[ada])
    bench.slack.refuse("conversations.members", "missing_scope")
    await bench.slack.say(ada, bench.channel, "hello")
    assert seen(await bench.run("stream_size")) == {"stream_size": "holds"}


async def test_a_right_that_the_app_lacks_is_unknown_and_not_wrong(bench: Bench) -> None:
    bench.slack.refuse("files.completeUploadExternal", "missing_scope", times=2)
    assert seen(await bench.run("file_up", "file_down")) == {"file_up": "unknown", "file_down": "unknown"}


async def test_what_takes_too_long_is_unknown_and_all_is_removed(bench: Bench) -> None:
    async with bench.scene() as scene:
        scene.times = replace(TIMES, life=30.0, longest=0.5)
        report = await certified(scene, bench.store.certificates, wall=time.time, only=("stream_life",))
    assert [row.observed.text for row in report.rows] == ["not looked at: the others took too long"]
    assert (bench.stands, bench.slack.streaming) == ([], [])


async def test_a_refusal_for_the_rate_is_waited_out(bench: Bench) -> None:
    bench.slack.limit("chat.postMessage", 1.0, after=1)
    assert seen(await bench.run("emoji_by_name")) == {"emoji_by_name": "holds"}


@pytest.mark.parametrize(("few", "share"), [(True, 0.6), (False, 1.0)])
async def test_the_limit_that_was_seen_scales_the_budget(bench: Bench, *, few: bool, share: float) -> None:
    bench.slack.limits = "on"
    bench.slack.reported.update({"edits_a_minute"} if few else ())
    report = await bench.run("edits_a_minute", limits=True)
    assert verified(report.as_json()).share("chat.update") == share
    governor = Governor(bench.store, "T1", scale=verified(report.as_json()).share, now=time.monotonic)
    assert governor.stock("chat.update").quota.per_minute == pytest.approx(50 * share, abs=1)
    assert governor.stock("chat.postMessage").quota.per_minute == 270


def test_the_table_of_assumptions_names_what_is_there() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert set(NAMES) == set(CHECKS) == set(BEHAVIOURS)
    assert [one.place for one in ASSUMPTIONS if not (ROOT / one.place).is_file()] == []
    rows = re.findall(
        r"^\| `(\w+)` \| `([\w/.]+)` \| (.*?) \| (.*?) \|$", (ROOT / "docs/certify.md").read_text(), re.MULTILINE
    )
    assert rows == [(one.name, one.place, one.expected, one.if_wrong) for one in ASSUMPTIONS]


@pytest.mark.parametrize(
    "report",
    [
        *("", "{", "[]", "null", '{"assumptions": 5, "shares": 5}', '{"assumptions": [1, {"result": "holds"}]}'),
        '{"shares": {"chat.update": "much", "chat.delete": true, "x": NaN}}',
    ],
)
def test_a_report_that_cannot_be_read_says_nothing(report: str) -> None:
    assert verified(report) == NOTHING


def test_a_share_is_believed_within_bounds() -> None:
    told = verified('{"shares": {"chat.update": 1000, "chat.delete": 0}}')
    assert (told.share("chat.update"), told.share("chat.delete"), told.share("chat.postMessage")) == (2.0, 0.1, 1.0)
