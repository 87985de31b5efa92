"""What can be set while a local Slack runs: how strict and how fast it is, what goes wrong, what is delivered."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import LocalSlack
from bot.playground.slack.manifest import SUBSCRIPTIONS


class Clock(Protocol):
    now: float


class Peer(Protocol):
    app: Any
    client: AsyncWebClient
    bodies: list[dict[str, Any]]
    retries: list[list[str]]

    @property
    def events(self) -> list[dict[str, Any]]: ...


Connect = Callable[[], Awaitable[Peer]]


async def taken(client: AsyncWebClient, channel: str, ts: str) -> int:
    """How many edits in a row are taken before one is refused, of at most 60."""
    for count in range(60):
        try:
            await client.chat_update(channel=channel, ts=ts, text=f"x{count}")
        except SlackApiError:
            return count
    return 60


async def test_limits_hold_or_not_or_are_tight(slack: LocalSlack, client: AsyncWebClient, clock: Clock) -> None:
    channel = slack.channel("general")
    ts = (await client.chat_postMessage(channel=channel, text="x"))["ts"]
    slack.limits = "tight"
    assert await taken(client, channel, ts) == 5
    assert slack.budget()["chat.update"] == (0, 5, 60.0)
    refused, last = slack.calls[-1], slack.calls[-2]
    assert (refused.status, refused.retry_after, refused.left) == (429, 60, (0, 5, 60.0))
    assert (last.status, last.left, last.response and last.response["text"]) == (200, (0, 5, 60.0), "x4")
    slack.limits = "off"
    assert (await taken(client, channel, ts), slack.budget(), slack.calls[-1].left) == (60, {}, None)
    slack.limits = "on"
    assert await taken(client, channel, ts) == 50  # at once: what was made under tight limits is forgotten
    clock.now += 20.0
    assert slack.budget()["chat.update"] == (0, 50, 40.0)
    clock.now += 40.0
    assert slack.budget()["chat.update"] == (50, 50, 0.0)


async def test_latency_can_be_set(slack: LocalSlack, client: AsyncWebClient) -> None:
    slack.latency, began = 0.05, time.monotonic()
    await client.auth_test()
    assert time.monotonic() - began >= 0.05
    slack.latency = 0.0
    await client.auth_test()
    assert (slack.latency, len(slack.calls)) == (0.0, 2)


async def test_the_next_calls_of_any_method_get_500(slack: LocalSlack, client: AsyncWebClient) -> None:
    slack.server_errors(2)
    for call in (client.auth_test, client.users_list):
        with pytest.raises(SlackApiError) as error:
            await call()
        assert error.value.response.status_code == 500
    assert slack.server_errors_left == 0
    assert (await client.auth_test())["ok"]
    slack.server_errors(5)
    assert slack.server_errors_left == 5
    slack.server_errors(0)
    assert (await client.auth_test())["ok"]
    assert [(call.status, call.injected) for call in slack.calls] == [(500, True)] * 2 + [(200, False)] * 2


async def test_what_was_cut_off_has_no_reply(slack: LocalSlack, client: AsyncWebClient) -> None:
    slack.drop_reply("auth.test")
    with pytest.raises(aiohttp.ClientError):
        await client.auth_test()
    assert (slack.calls[-1].status, slack.calls[-1].response) == (0, None)


@pytest.mark.parametrize("how", ["http", "socket"])
async def test_every_event_twice(slack: LocalSlack, http_peer: Peer, socket_peer: Connect, how: str) -> None:
    peer = http_peer
    if how == "socket":
        slack.events_url = None
        peer = await socket_peer()
    slack.twice = True
    ann = slack.user("Ann")
    await slack.say(ann, slack.dm(ann), "hi")
    await slack.until(lambda: len(peer.bodies) == 2)
    assert len({body["event_id"] for body in peer.bodies}) == 1
    assert sorted(attempt.retry for attempt in slack.attempts) == [0, 1]
    slack.twice = False
    await slack.say(ann, slack.dm(ann), "again")
    await slack.settled()
    assert len(slack.attempts) == 3


async def test_events_go_out_only_where_they_are_asked_for(slack: LocalSlack, http_peer: Peer) -> None:
    reactions: list[dict[str, Any]] = []

    async def keep(event: dict[str, Any]) -> None:
        reactions.append(event)

    http_peer.app.event("reaction_added")(keep)
    http_peer.app.event("reaction_removed")(keep)
    ann, channel = slack.user("Ann"), slack.channel("general")
    slack.subscriptions = {"app_mention"}
    ts = await slack.say(ann, channel, f"<@{slack.bot_user_id}> hi")
    slack.react(ann, channel, ts, "eyes")
    await slack.settled()
    slack.subscriptions = SUBSCRIPTIONS | {"reaction_added", "reaction_removed"}
    slack.react(ann, channel, ts, "tada")
    slack.react(ann, channel, ts, "tada")
    await slack.settled()
    await http_peer.client.reactions_add(channel=channel, timestamp=ts, name="tada")
    slack.react(ann, channel, ts, "tada", on=False)
    await slack.settled()
    await slack.until(lambda: len(reactions) >= 2)
    assert [event["type"] for event in http_peer.events] == ["app_mention"]
    # Bolt keeps from an app what the app itself has done.
    assert [(event["type"], event["user"], event["reaction"]) for event in reactions] == [
        ("reaction_added", ann, "tada"),
        ("reaction_removed", ann, "tada"),
    ]
    assert reactions[0]["item"] == {"type": "message", "channel": channel, "ts": ts}
    assert sum(attempt.kind == "events_api" for attempt in slack.attempts) == 4


async def test_reactions_are_kept_in_order(slack: LocalSlack, client: AsyncWebClient) -> None:
    ann, bob, channel = slack.user("Ann"), slack.user("Bob"), slack.channel("general")
    ts = await slack.say(ann, channel, "hi")
    at: dict[str, Any] = {"channel": channel, "timestamp": ts}
    for user, name in ((bob, "eyes"), (ann, "tada"), (ann, "eyes")):
        slack.react(user, channel, ts, name)
    await client.reactions_add(**at, name="tada")
    told = (await client.reactions_get(**at))["message"]["reactions"]
    assert told == [
        {"name": "eyes", "users": [bob, ann], "count": 2},
        {"name": "tada", "users": [ann, slack.bot_user_id], "count": 2},
    ]
    await client.reactions_remove(**at, name="tada")
    with pytest.raises(SlackApiError, match="no_reaction"):
        await client.reactions_remove(**at, name="tada")
    slack.react(bob, channel, ts, "eyes", on=False)
    slack.react(ann, channel, ts, "eyes", on=False)
    [message] = (await client.conversations_history(channel=channel))["messages"]
    assert [reaction["name"] for reaction in message["reactions"]] == ["tada"]
    with pytest.raises(LookupError):
        slack.react(ann, channel, "1.0", "eyes")


async def test_lists_come_in_pages(slack: LocalSlack, client: AsyncWebClient) -> None:
    people = [slack.user("Ann"), slack.user("Bob", guest=True), slack.user("Eve", team="T0OTHER")]
    channel, _, old = slack.channel("general", members=people), slack.channel("secret", private=True), "old"
    slack.archive(slack.channel(old))
    users = (await client.users_list())["members"]
    assert [user["real_name"] for user in users] == ["flowise", "Ann", "Bob", "Eve"]
    assert [user["is_restricted"] for user in users] == [False, False, True, False]
    members: list[str] = []
    async for page in await client.conversations_members(channel=channel, limit=3):
        members += page["members"]
    assert sorted(members) == sorted([*people, slack.bot_user_id])
    listed = await client.conversations_list(types="public_channel,private_channel", exclude_archived=True)
    assert [found["name"] for found in listed["channels"]] == ["general", "secret"]
    assert [found["name"] for found in (await client.conversations_list())["channels"]] == ["general", "old"]
    with pytest.raises(SlackApiError, match="invalid_types"):
        await client.conversations_list(types="all")


async def test_another_application_is_served_beside_it() -> None:
    async def page(_: web.Request) -> web.Response:
        return web.Response(text="a page")

    app = web.Application()
    app.router.add_get("/", page)
    slack = LocalSlack()
    slack.mount("/client/", app)
    async with slack, aiohttp.ClientSession() as session, session.get(f"{slack.origin}/client/") as answer:
        assert await answer.text() == "a page"
