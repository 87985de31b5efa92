"""What was decided earlier than it is written: while it waited, another process may have gone on with the question."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from bot.errors import SlackUnavailable
from bot.mailbox.durations import Durations
from bot.mailbox.lease import Lease
from bot.playground.sandbox import Sandbox, sandbox
from bot.playground.slack import Message
from bot.playground.tap.proxy import HOST, FaultProxy
from bot.records.thread import Item
from bot.reply.contract import Place
from bot.slack import wording
from bot.slack.calls import Posted, PostMessage, UpdateMessage
from bot.slack.payload import IncomingMessage, SlashCommand
from bot.slack.text.blocks import plain
from bot.workspace.process import Waits
from bot.workspace.workspace import Workspace
from handlers import command
from handlers.behaviour import Behaviour
from handlers.questions import intake_of, take


def workspace_of(home: Sandbox) -> Workspace:
    [bot] = home.bots
    assert bot._registry is not None
    [workspace] = bot._registry
    return workspace


async def held(home: Sandbox, reference: str = "a1b2c3d4") -> Lease:
    """A question that the bot has taken in."""
    team = workspace_of(home).identity.team
    typed = SlashCommand(home.channel, home.ada, "ada", "why?", "1.2.3", f"{home.slack.origin}/response/none")
    heard = json.dumps({"command": asdict(typed), "root": ""})
    item = Item(team, f"{team}:{home.channel}:1.0", reference, "1.0", command.SURFACE, heard)
    lease = await workspace_of(home).mailbox.accept(item)
    assert lease is not None
    return lease


def place(home: Sandbox) -> Place:
    return Place(home.channel, None, home.ada)


async def tells(home: Sandbox, lease: Lease) -> None:
    await workspace_of(home).sentences.tell(place(home), wording.QUIET, lease)


async def fails(home: Sandbox, lease: Lease) -> None:
    await workspace_of(home).sentences.fail(place(home), SlackUnavailable("gone"), lease)


async def whispers(home: Sandbox, lease: Lease) -> None:
    await workspace_of(home).sentences.whisper(place(home), wording.EXTERNAL, applies=lease.may_write)


async def shows_a_command(home: Sandbox, lease: Lease) -> None:
    await command.take(workspace_of(home), lease)


Writes = Callable[[Sandbox, Lease], Awaitable[None]]


@pytest.mark.parametrize("writes", [tells, fails, whispers, shows_a_command])
async def test_a_sentence_is_not_said_any_more_when_another_process_has_the_question(
    home: Sandbox, writes: Writes
) -> None:
    async with home.bot():
        lease, calls = await held(home), len(home.slack.calls)
        lease.lost.set()
        await writes(home, lease)
        methods = {call.method for call in home.slack.calls[calls:]}
        assert methods <= {"users.info"}


async def test_a_post_that_slack_does_not_take_asks_again_before_each_try(
    home: Sandbox,
) -> None:
    home.waits = Waits(call=0.01)
    asked: list[bool] = []

    async def applies() -> bool:
        asked.append(len(asked) < 1)
        return asked[-1]

    async with home.bot():
        home.slack.server_error("chat.postMessage")
        call = PostMessage(home.channel, "late", plain("late"), mark="a1b2c3d4-root")
        assert await workspace_of(home).sentences.post(call, applies=applies) is None
        assert asked == [True, False]
        assert home.slack.messages(home.channel) == []


async def test_a_thread_is_not_started_over_by_who_has_lost_the_question(home: Sandbox) -> None:
    async with home.bot():
        workspace = workspace_of(home)
        said = f"{home.mention} new conversation"
        heard = IncomingMessage(home.channel, "channel", home.ada, said, "1.0", "", (), (), edited=False)
        taken = await workspace.mailbox.accept(intake_of(workspace, heard, addressed=True).item)
        assert taken is not None
        taken.lost.set()
        await take(Behaviour(), workspace, taken)
        assert await workspace.store.conversation(workspace.thread(home.channel, "1.0")) is None
        assert home.slack.messages(home.channel) == []


@pytest.mark.parametrize("settles", [True, False])
async def test_a_last_state_is_written_again_only_where_it_was_settled(home: Sandbox, settles: bool) -> None:
    async with home.bot():
        workspace, lease = workspace_of(home), await held(home)
        posted = await workspace.slack.call(PostMessage(home.channel, "theirs", plain("theirs")))
        assert isinstance(posted, Posted)
        if settles:
            await workspace.mailbox.settled(lease)
        else:
            lease.lost.set()
        workspace.mailbox.durations = Durations(lease=0.01)
        ours = UpdateMessage(home.channel, posted.ts, "ours", plain("ours"))
        await workspace.answering._write_again(lease, (ours,))
        assert home.slack.messages(home.channel)[0].plain == ("ours" if settles else "theirs")


async def test_what_is_done_again_posts_nothing_twice(own_redis: str) -> None:
    """The store goes away once the question of a command stands, and before it has moved into its thread."""
    path = Path(own_redis.removeprefix("unix://"))
    async with FaultProxy(path) as store, sandbox(own_redis, tokens_per_second=math.inf) as home:
        home.durations = Durations(store=0.05)

        def lose(kind: str, message: Message) -> None:
            if kind == "posted" and not home.flowise.predictions:
                store.refuse()
                store.cut()

        home.slack.on_change(lose)
        async with home.bot(redis_url=f"redis://{HOST}:{store.port}/0"):
            await home.slack.command(home.ada, home.channel, "/flowise", "why?")
            await home.slack.until(lambda: len(home.slack.messages(home.channel)) == 1)
            await asyncio.sleep(0.2)
            await store.listen()
            await home.slack.until(lambda: len(home.flowise.predictions) == 1 and home.idle)
        assert len([message for message in home.slack.messages(home.channel) if not message.thread_ts]) == 1
