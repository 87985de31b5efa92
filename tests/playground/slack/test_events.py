"""Events and commands as Bolt meets them: signed HTTP and Socket Mode, with retries, twins, refresh and loss."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import DeliveryTimeouts, LocalSlack


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


async def test_a_mention_is_two_events(slack: LocalSlack, http_peer: Peer) -> None:
    ann, channel = slack.user("Ann"), slack.channel("general")
    root = await slack.say(ann, channel, f"<@{slack.bot_user_id}> why?")
    await slack.say(ann, channel, "more", thread_ts=root, files=["notes.txt"])
    await slack.until(lambda: len(http_peer.events) == 3)
    mention = next(event for event in http_peer.events if event["type"] == "app_mention")
    twin, reply = sorted((e for e in http_peer.events if e["type"] == "message"), key=lambda event: event["ts"])
    assert "channel_type" not in mention
    assert (mention["ts"], twin["ts"], twin["channel_type"]) == (root, root, "channel")
    assert len({body["event_id"] for body in http_peer.bodies}) == 3
    assert (reply["thread_ts"], reply["subtype"], reply["files"][0]["name"]) == (root, "file_share", "notes.txt")
    assert reply["parent_user_id"] == ann
    assert http_peer.bodies[0]["authorizations"][0]["user_id"] == slack.bot_user_id


async def test_what_the_app_hears_of(slack: LocalSlack, http_peer: Peer) -> None:
    ann, away = slack.user("Ann"), slack.channel("away", bot_is_member=False)
    await slack.say(ann, away, f"<@{slack.bot_user_id}> are you there?")
    await slack.say(ann, slack.dm(ann), f"<@{slack.bot_user_id}> psst")
    await slack.settled()
    await slack.until(lambda: len(http_peer.events) == 1)
    assert [(event["type"], event["channel_type"]) for event in http_peer.events] == [("message", "im")]


async def test_a_mention_is_heard_once_the_app_has_been_invited_by_its_prompt(
    slack: LocalSlack, http_peer: Peer
) -> None:
    ann, bob, bot = slack.user("Ann"), slack.user("Bob"), slack.bot_user_id
    away = slack.channel("away", members=(ann, bob), bot_is_member=False)
    asked = await slack.say(ann, away, f"<@{bot}> are you there?")
    plain = await slack.say(ann, away, "no mention")
    for who, prompt in ((bob, asked), (ann, "1.0")):
        with pytest.raises(LookupError):
            slack.invite(who, away, bot, prompt=prompt)
    slack.invite(ann, away, bob, prompt=asked)
    assert bot not in slack.core.channel(away).members
    slack.invite(ann, away, bot, prompt=asked)
    slack.invite(ann, away, bot, prompt=asked)  # pressed again
    slack.invite(ann, away, bot, prompt=plain)
    await slack.until(lambda: len(http_peer.events) == 1)
    heard = await slack.say(ann, away, f"<@{bot}> and now?")
    slack.invite(ann, away, bot, prompt=heard)  # it was heard already
    await slack.until(lambda: len(http_peer.events) == 3)
    await slack.settled()
    first, *twins = http_peer.events
    assert (first["type"], first["ts"], first["event_ts"], first["user"]) == ("app_mention", asked, asked, ann)
    assert {event["ts"] for event in twins} == {heard}


async def test_a_mention_that_is_gone_by_then_is_not_heard(slack: LocalSlack, http_peer: Peer) -> None:
    ann, bot = slack.user("Ann"), slack.bot_user_id
    away = slack.channel("away", members=[ann], bot_is_member=False)
    edited, deleted = [await slack.say(ann, away, f"<@{bot}> {n}?") for n in range(2)]
    await slack.edit(ann, away, edited, "never mind")
    slack.delete(away, deleted, user=ann)
    slack.invite(ann, away, bot, prompt=edited)
    with pytest.raises(LookupError):
        slack.invite(ann, away, bot, prompt=deleted)
    await slack.settled()
    assert http_peer.events == []


async def test_an_edit_is_a_change_and_a_fresh_mention(slack: LocalSlack, http_peer: Peer) -> None:
    ann, channel = slack.user("Ann"), slack.channel("general")
    ts = await slack.say(ann, channel, "why?")
    await slack.settled()
    await slack.edit(ann, channel, ts, f"<@{slack.bot_user_id}> why?")
    await slack.until(lambda: len(http_peer.events) == 3)
    mention = next(event for event in http_peer.events if event["type"] == "app_mention")
    change = next(event for event in http_peer.events if event.get("subtype") == "message_changed")
    assert (mention["ts"], mention["edited"]["user"]) == (ts, ann)
    assert (change["hidden"], change["previous_message"]["text"], change["message"]["ts"]) == (True, "why?", ts)


async def test_strangers_are_marked(slack: LocalSlack, http_peer: Peer) -> None:
    bob, shared = slack.user("Bob", team="T0OTHER"), slack.channel("partners", shared=True)
    await slack.say(bob, shared, "hello")
    await slack.until(lambda: len(http_peer.events) == 1)
    assert http_peer.bodies[0]["is_ext_shared_channel"] is True
    assert [http_peer.events[0][key] for key in ("user_team", "source_team")] == ["T0OTHER"] * 2


async def test_the_apps_own_messages_come_back(slack: LocalSlack, session: aiohttp.ClientSession) -> None:
    heard: list[dict[str, Any]] = []

    async def hear(request: web.Request) -> web.Response:
        heard.append((await request.json())["event"])
        return web.Response()

    app = web.Application()
    app.router.add_post("/slack/events", hear)
    async with _Served(app) as address:
        slack.events_url = f"{address}/slack/events"
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.url, session=session)
        ts = (await client.chat_postMessage(channel=slack.channel("general"), text="one"))["ts"]
        await slack.settled()
        await client.chat_update(channel=slack.channel("general"), ts=ts, text="two")
        await slack.settled()
        await client.chat_delete(channel=slack.channel("general"), ts=ts)
        await slack.settled()
    assert [event.get("subtype") for event in heard] == [None, "message_changed", "message_deleted"]
    assert (heard[0]["bot_id"], heard[1]["message"]["bot_id"]) == (slack.bot_id, slack.bot_id)


class _Served:
    """An aiohttp application on a free port."""

    def __init__(self, app: web.Application) -> None:
        self._runner = web.AppRunner(app, access_log=None)

    async def __aenter__(self) -> str:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()


@pytest.mark.parametrize(
    ("answers", "heard"),
    [
        ([500, 503, 200], [(None, None), ("1", "http_error"), ("2", "http_error")]),
        ([500, 500, 500, 200], [(None, None), ("1", "http_error"), ("2", "http_error")]),
        ([0, 200], [(None, None), ("1", "http_timeout")]),
        ([418], [(None, None)]),
        ([200], [(None, None)]),
    ],
)
async def test_an_event_is_sent_again_until_it_is_acknowledged(
    answers: list[int], heard: list[tuple[str | None, str | None]]
) -> None:
    got: list[tuple[str | None, str | None]] = []
    ids: set[str] = set()
    release = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        got.append((request.headers.get("x-slack-retry-num"), request.headers.get("x-slack-retry-reason")))
        ids.add((await request.json())["event_id"])
        status = answers[len(got) - 1]
        if status == 0:
            await release.wait()
        return web.Response(status=status or 200, headers={"x-slack-no-retry": "1"} if status == 418 else {})

    app = web.Application()
    app.router.add_post("/", answer)
    patience = DeliveryTimeouts(ack=0.1, retries=(0.0, 0.01))
    async with _Served(app) as address, LocalSlack(patience=patience) as slack:
        slack.events_url = address
        await slack.say(slack.user("Ann"), slack.channel("general"), "hi")
        await slack.settled()
        release.set()
    assert got == heard
    assert len(ids) == 1


async def test_a_wrong_signature_is_refused_by_bolt(slack: LocalSlack, http_peer: Peer) -> None:
    event = {"type": "event_callback", "event": {"type": "app_mention"}}
    assert (await slack.deliver(event)).acked
    slack.signing_secret = "another"
    async with LocalSlack() as other:
        other.events_url = slack.events_url
        refused = await other.deliver(event)
    assert (refused.acked, refused.status, refused.reason) == (False, 401, "http_error")


async def test_a_retry_by_hand_says_so(slack: LocalSlack, http_peer: Peer) -> None:
    await slack.say(slack.user("Ann"), slack.channel("general"), "hi")
    await slack.until(lambda: len(http_peer.bodies) == 1)
    first = http_peer.bodies[0]
    await slack.deliver(first, retry_num=1)
    await slack.until(lambda: len(http_peer.bodies) == 2)
    assert [body["event_id"] for body in http_peer.bodies] == [first["event_id"]] * 2
    assert http_peer.retries == [[], ["1", "http_timeout"]]


async def test_a_command_is_answered_in_its_acknowledgement(slack: LocalSlack, http_peer: Peer) -> None:
    bodies: list[dict[str, Any]] = []

    async def usage(ack: Any, command: dict[str, Any]) -> None:
        bodies.append(command)
        await ack(text="usage", response_type="in_channel" if command["text"] == "loud" else "ephemeral")

    http_peer.app.command("/flowise")(usage)
    ann, channel = slack.user("Ann"), slack.channel("away", bot_is_member=False)
    done = await slack.command(ann, channel, "/flowise", "help")
    assert (done.acked, done.status, done.text) == (True, 200, "usage")
    assert [message.plain for message in slack.ephemerals(channel, ann)] == ["usage"]
    await slack.command(ann, channel, "/flowise", "loud")
    assert [message.plain for message in slack.messages(channel)] == ["usage"]
    assert (bodies[0]["text"], bodies[0]["user_id"], bodies[0]["channel_id"]) == ("help", ann, channel)
    assert "thread_ts" not in bodies[0]
    assert not (await slack.command(ann, channel, "/unknown", "")).acked
    with pytest.raises(LookupError, match="another organisation"):
        await slack.command(slack.user("Bob", team="T0OTHER"), channel, "/flowise", "help")


async def test_an_answer_to_a_command_that_is_no_message_is_refused_and_noted(
    slack: LocalSlack, http_peer: Peer
) -> None:
    async def answer(ack: Any) -> None:
        await ack(blocks=[{"type": "hologram"}])

    http_peer.app.command("/flowise")(answer)
    ann, channel = slack.user("Ann"), slack.channel("general")
    done = await slack.command(ann, channel, "/flowise", "help")
    assert (done.acked, done.reason, slack.ephemerals(channel, ann)) == (False, "invalid_response", [])
    [violation] = slack.violations
    assert violation.startswith("an answer to /flowise is none: invalid_blocks")


async def test_a_button_that_is_pressed_tells_where_and_what_it_says(slack: LocalSlack, http_peer: Peer) -> None:
    ann, channel = slack.user("Ann"), slack.channel("general")
    bodies: list[dict[str, Any]] = []

    async def on_press(ack: Callable[[], Awaitable[None]], body: dict[str, Any]) -> None:
        bodies.append(body)
        await ack()

    http_peer.app.action("again")(on_press)
    button = {"type": "button", "action_id": "again", "text": {"type": "plain_text", "text": "Again"}, "value": "v"}
    root = await slack.say(ann, channel, "why?")
    posted = await http_peer.client.chat_postMessage(
        channel=channel, thread_ts=root, text="because", blocks=[{"type": "actions", "elements": [button]}]
    )
    assert (await slack.press(ann, channel, posted["ts"], "Again")).acked
    [body] = bodies
    assert (body["user"]["id"], body["channel"]["id"], body["message"]["thread_ts"]) == (ann, channel, root)
    assert (body["actions"][0]["value"], body["container"]["message_ts"]) == ("v", posted["ts"])
    for ts, label in ((posted["ts"], "Never"), (root, "Again"), ("1.0", "Again")):
        with pytest.raises(LookupError):
            await slack.press(ann, channel, ts, label)


async def test_sockets_share_the_work(slack: LocalSlack, socket_peer: Connect) -> None:
    one, two = await socket_peer(), await socket_peer()
    ann, channel = slack.user("Ann"), slack.channel("general")
    for number in range(10):
        await slack.say(ann, channel, f"hi {number}")
    await slack.until(lambda: len(one.events) + len(two.events) == 10)
    assert (len(one.events), len(two.events)) == (5, 5)


async def test_a_command_over_a_socket(slack: LocalSlack, socket_peer: Connect) -> None:
    peer = await socket_peer()

    async def usage(ack: Any) -> None:
        await ack("usage")

    peer.app.command("/flowise")(usage)
    ann, channel = slack.user("Ann"), slack.channel("general")
    assert (await slack.command(ann, channel, "/flowise", "help")).text == "usage"
    assert [message.plain for message in slack.ephemerals(channel, ann)] == ["usage"]


@pytest.mark.parametrize("how", ["refresh", "loss"])
async def test_a_client_comes_back_and_nothing_is_lost(slack: LocalSlack, socket_peer: Connect, how: str) -> None:
    peer = await socket_peer()
    ann, channel = slack.user("Ann"), slack.channel("general")
    opened = sum(call.method == "apps.connections.open" for call in slack.calls)
    if how == "refresh":
        await slack.refresh_sockets("warning")
        assert slack.sockets == 1
        await slack.refresh_sockets()
    else:
        await slack.close_sockets()
    assert slack.sockets == 0
    await slack.say(ann, channel, "in the gap")
    await slack.until(lambda: slack.sockets == 1)
    await slack.until(lambda: len(peer.events) == 1)
    assert sum(call.method == "apps.connections.open" for call in slack.calls) > opened


async def _link(slack: LocalSlack, session: aiohttp.ClientSession) -> str:
    client = AsyncWebClient(base_url=slack.url, session=session)
    return str((await client.apps_connections_open(app_token=slack.app_token))["url"])


async def test_a_ticket_is_good_once_and_for_a_while(
    slack: LocalSlack, session: aiohttp.ClientSession, clock: Clock
) -> None:
    url, late = await _link(slack, session), await _link(slack, session)
    async with session.ws_connect(url) as socket:
        hello = await socket.receive_json()
        assert (hello["type"], hello["num_connections"]) == ("hello", 1)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(url)
    clock.now += 31.0
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await session.ws_connect(late)


async def test_an_unanswered_envelope_goes_to_another_socket(session: aiohttp.ClientSession) -> None:
    async with LocalSlack(patience=DeliveryTimeouts(ack=0.1, retries=(0.0,))) as slack:
        async with (
            session.ws_connect(await _link(slack, session)) as mute,
            session.ws_connect(await _link(slack, session)) as awake,
        ):
            assert [(await socket.receive_json())["type"] for socket in (mute, awake)] == ["hello"] * 2
            await slack.say(slack.user("Ann"), slack.channel("general"), "hi")
            first = await mute.receive_json()
            second = await awake.receive_json()
            await awake.send_json({"envelope_id": second["envelope_id"]})
            await slack.settled()
        assert first["payload"]["event_id"] == second["payload"]["event_id"]
        assert (first["retry_attempt"], second["retry_attempt"], second["retry_reason"]) == (0, 1, "timeout")


async def test_link_disabled_hangs_up_and_ten_sockets_are_enough(
    slack: LocalSlack, session: aiohttp.ClientSession
) -> None:
    sockets = [await session.ws_connect(await _link(slack, session)) for _ in range(11)]
    first = [await socket.receive_json() for socket in sockets]
    assert [frame["type"] for frame in first] == ["hello"] * 10 + ["disconnect"]
    assert first[10]["reason"] == "too_many_websockets"
    closing = asyncio.gather(*[socket.receive() for socket in sockets[:10]])
    await slack.refresh_sockets("link_disabled")
    assert all('"link_disabled"' in frame.data for frame in await closing)
    for socket in sockets:
        await socket.close()


async def test_without_a_socket_nothing_arrives() -> None:
    async with LocalSlack(patience=DeliveryTimeouts(ack=0.01, retries=(0.0,))) as slack:
        done = await slack.command(slack.user("Ann"), slack.channel("general"), "/flowise", "hi")
        assert (done.acked, done.reason) == (False, "connection_failed")
        await slack.say(slack.user("Ann"), slack.channel("general"), "hi")
        await slack.settled()


async def test_every_delivery_is_kept_with_what_became_of_it(slack: LocalSlack, session: aiohttp.ClientSession) -> None:
    answers = iter([503, 200])

    async def take(_: web.Request) -> web.Response:
        return web.Response(status=next(answers))

    app = web.Application()
    app.router.add_post("/slack/events", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.events_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    ann = slack.user("Ann")
    ts = await slack.say(ann, slack.dm(ann), "why?")
    await slack.settled()
    await runner.cleanup()
    kept = [(made.kind, made.retry, made.result.acked, made.result.status) for made in slack.attempts]
    assert kept == [("events_api", 0, False, 503), ("events_api", 1, True, 200)]
    event = slack.attempts[0].payload["event"]
    assert isinstance(event, dict)
    assert event["ts"] == ts


async def test_whoever_comes_through_a_proxy_is_sent_to_a_socket_through_it(
    slack: LocalSlack, session: aiohttp.ClientSession
) -> None:
    headers = {"Authorization": f"Bearer {slack.app_token}", "Host": "slack.example:8443"}
    async with session.post(f"{slack.url}apps.connections.open", headers=headers) as response:
        told = await response.json()
    assert told["url"].startswith("ws://slack.example:8443/link/?ticket=")
