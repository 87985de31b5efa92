"""Those who may not ask are told so alone, once an hour over two replicas; nothing of their question is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.playground.sandbox import Sandbox
from bot.slack import wording, wording_of_access
from bot.store.connections import connect
from tests.handlers.offered import idle

pytestmark = pytest.mark.program

ADMIN = wording_of_access.admins(["ada"])


def configured(folder: Path, rules: str) -> Path:
    """A configuration file with these lines."""
    path = folder / "bot.toml"
    path.write_text(f'default = "one"\n{rules}\n[flows.one]\n')
    return path


def told(home: Sandbox, user: str, channel: str = "") -> list[str]:
    return [message.plain for message in home.slack.ephemerals(channel or home.channel, user)]


async def claims(client: Redis) -> int:
    """How many questions were stored."""
    return len([key async for key in client.scan_iter(match="*:claim:*")])


async def test_each_refusal_is_told_alone_once_and_nothing_is_kept(
    home: Sandbox, own_redis: str, tmp_path: Path
) -> None:
    slack, ask = home.slack, home.mention
    eve, pia, tim = slack.user("eve"), slack.user("pia"), slack.user("tim")
    gus, olga = slack.user("gus", guest=True), slack.user("olga", team="T0OTHER99")
    temps, closed = slack.user_group("temps", [tim]), slack.channel("closed", members=[home.ada])
    home.channel = slack.channel("shared", members=[home.ada, eve, pia, tim, gus, olga], shared=True)
    rules = f"""
[access]
guests = "refuse"
people.deny = ["{eve}", "{pia}"]
groups.deny = ["{temps}"]
channels.deny = ["{closed}"]
[admins]
people = ["{home.ada}"]
"""
    client = connect(own_redis)
    file = configured(tmp_path, rules)
    async with home.bot(bot_config=file), home.bot(bot_config=file):
        root = await home.ask(f"{ask} hello")
        [answer] = await home.answered(root)
        for user in (eve, tim, gus, olga):
            for _ in range(3):
                await home.ask(f"{ask} may I?", user=user)
            await home.ask("and here?", user=user, thread_ts=root)
        await home.ask(f"{ask} here?", channel=closed)
        commands = [await slack.command(pia, home.channel, "/flowise", "a word") for _ in range(2)]
        message = next(message for message in slack.thread(home.channel, root) if message.user == slack.bot_user_id)
        assert (await slack.press(eve, home.channel, message.ts, wording.REGENERATE)).acked
        await idle(home)
        assert [prediction.question for prediction in home.flowise.predictions] == ["hello"]
        assert await claims(client) == 1
    assert told(home, eve) == told(home, tim) == [wording_of_access.person(ADMIN)]
    assert told(home, gus) == [wording_of_access.guest(ADMIN)]
    assert told(home, olga) == [wording.EXTERNAL]
    assert told(home, home.ada, closed) == [wording_of_access.channel(ADMIN)]
    assert [done.payload and done.payload.get("text") for done in commands] == [wording_of_access.person(ADMIN), None]
    assert home.answers(root) == [answer]
    reads = [call for call in slack.calls if call.method == "usergroups.users.list"]
    assert 1 <= len(reads) <= 2  # each replica asks once
    await client.aclose()


async def test_a_press_of_somebody_who_was_never_told_tells_them(home: Sandbox, tmp_path: Path) -> None:
    bob = home.slack.user("bob")
    home.slack.invite(home.ada, home.channel, bob)
    async with home.bot(bot_config=configured(tmp_path, f'[access]\npeople.allow = ["{home.ada}"]')):
        root = await home.ask(f"{home.mention} hello")
        await home.answered(root)
        message = home.slack.thread(home.channel, root)[-1]
        for _ in range(2):
            assert (await home.slack.press(bob, home.channel, message.ts, wording.REGENERATE)).acked
        await idle(home)
    assert told(home, bob) == [wording_of_access.person("your workspace admin")]
    assert len(home.flowise.predictions) == 1


async def test_without_the_scope_a_rule_with_groups_refuses_but_whom_it_does_not_need(
    home: Sandbox, tmp_path: Path
) -> None:
    bob, staff = home.slack.user("bob"), home.slack.user_group("staff", [home.ada])
    home.slack.invite(home.ada, home.channel, bob)
    home.slack.refuse("usergroups.users.list", "missing_scope", times=100)
    rules = f'[access]\npeople.allow = ["{bob}"]\ngroups.allow = ["{staff}"]'
    async with home.bot(bot_config=configured(tmp_path, rules)):
        root = await home.ask(f"{home.mention} hello", user=bob)
        await home.answered(root)
        await home.ask(f"{home.mention} and I?")
        await idle(home)
    assert told(home, home.ada) == [wording_of_access.unknown("your workspace admin")]
    assert [prediction.question for prediction in home.flowise.predictions] == ["hello"]
