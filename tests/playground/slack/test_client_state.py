"""What a client sees that takes a snapshot once and then applies every change."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.slack import ClientState, LocalSlack
from tests.examples import examples

HOME = {"type": "home", "blocks": [{"type": "divider"}]}
GO = {"type": "button", "text": {"type": "plain_text", "text": "Go"}, "value": "v"}


class Clock(Protocol):
    now: float


class Peer(Protocol):
    app: Any
    client: AsyncWebClient


class Client:
    """A client as the page is one: it puts every change where a snapshot has it."""

    def __init__(self, hello: dict[str, Any]) -> None:
        self.state = json.loads(json.dumps(hello))
        self.changes: list[dict[str, Any]] = []

    def apply(self, change: dict[str, Any]) -> None:
        change = json.loads(json.dumps(change))
        self.changes.append(change)
        state = self.state
        match change:
            case {"kind": "message", "message": message}:
                self._put("ephemerals" if "to" in message else "messages", message, ("channel", "ts"))
            case {"kind": "deleted", "channel": channel, "ts": ts}:
                for key in ("messages", "ephemerals"):
                    state[key] = [m for m in state[key] if (m["channel"], m["ts"]) != (channel, ts)]
            case {"kind": "status", "channel": channel, "thread_ts": ts}:
                kept = [s for s in state["statuses"] if (s["channel"], s["thread_ts"]) != (channel, ts)]
                shown = {key: value for key, value in change.items() if key != "kind"}
                state["statuses"] = [*kept, *([shown] if shown["status"] else [])]
            case {"kind": "views", "user": user, "views": views}:
                state["views"].pop(user, None)
                state["views"] |= {user: views} if views else {}
            case {"kind": "home", "user": user, "view": view}:
                state["homes"][user] = view
            case {"kind": "person" | "channel" as kind}:
                self._put({"person": "people", "channel": "channels"}[kind], change[kind], ("id",))
            case {"kind": "call" | "ping" | "violation" as kind}:
                state[f"{kind}s"].append(change["text" if kind == "violation" else kind])
            case {"kind": "delivery", "delivery": delivery}:
                state["deliveries"].append(delivery)

    def _put(self, key: str, item: dict[str, Any], names: tuple[str, ...]) -> None:
        kept = self.state[key]
        for number, other in enumerate(kept):
            if all(other[name] == item[name] for name in names):
                kept[number] = item
                return
        kept.append(item)


def ordered(state: dict[str, Any]) -> dict[str, Any]:
    """A state without what depends on the moment, in an order that does not."""
    shown = json.loads(json.dumps(state))
    del shown["now"]
    for key in ("statuses", "people", "channels", "messages", "ephemerals"):
        shown[key].sort(key=lambda item: json.dumps(item, sort_keys=True))
    return dict(shown)


Step = Callable[["Scene", int], Awaitable[object]]


class Scene:
    """Two people, a channel and the app, which answers nothing and calls what a test says."""

    def __init__(self, slack: LocalSlack, client: AsyncWebClient) -> None:
        self.slack, self.client = slack, client
        self.ann, self.bob = slack.user("Ann"), slack.user("Bob", guest=True)
        self.channel = slack.channel("general", members=[self.ann])

    def ts(self, number: int, *, own: bool = False) -> str:
        written = [m.ts for m in self.slack.messages(self.channel) if not own or m.bot_id]
        return written[number % len(written)] if written else "1.000001"

    def root(self, number: int) -> str | None:
        roots = [m.ts for m in self.slack.messages(self.channel) if m.thread_ts is None]
        return roots[number % len(roots)] if roots and number % 3 else None

    async def trigger(self) -> str:
        await self.slack.command(self.ann, self.channel, "/flowise", "x")
        return str(self.slack.attempts[-1].payload["trigger_id"])


def modal(number: int) -> dict[str, Any]:
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": f"Modal {number}"},
        "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": f"*{number}*"}}],
        "notify_on_close": number % 2 == 0,
    }


async def close(scene: Scene, number: int) -> None:
    stack = scene.slack.core.workspace.views.modals.get(scene.ann)
    if stack:
        await scene.slack.close_view(scene.ann, stack[number % len(stack)].id, all=number % 2 == 0)


async def react(scene: Scene, number: int) -> None:
    scene.slack.react(scene.bob, scene.channel, scene.ts(number), "eyes", bool(number % 2))


async def remove(scene: Scene, number: int) -> None:
    scene.slack.delete(scene.channel, scene.ts(number))


async def archive(scene: Scene, number: int) -> None:
    scene.slack.archive(scene.slack.channel(f"old{number % 2}"))


async def stream(scene: Scene, number: int) -> None:
    root = scene.root(number) or scene.ts(0)
    started = await scene.client.chat_startStream(
        channel=scene.channel, thread_ts=root, recipient_user_id=scene.ann, recipient_team_id=scene.slack.team_id
    )
    await scene.client.chat_appendStream(channel=scene.channel, ts=started["ts"], markdown_text=f"words {number}")
    if number % 2:
        await scene.client.chat_stopStream(channel=scene.channel, ts=started["ts"])


STEPS: dict[str, Step] = {
    "say": lambda s, n: s.slack.say(s.ann, s.channel, f"words {n}", thread_ts=s.root(n)),
    "join": lambda s, n: s.slack.say(s.slack.user(f"P{n % 3}"), s.channel, "hello", files=["a.png"]),
    "edit": lambda s, n: s.slack.edit(s.ann, s.channel, s.ts(n), f"edited {n}"),
    "react": react,
    "remove": remove,
    "post": lambda s, n: s.client.chat_postMessage(channel=s.channel, text="<!here>", thread_ts=s.root(n)),
    "buttons": lambda s, n: s.client.chat_postMessage(
        channel=s.channel, text="x", blocks=[{"type": "actions", "elements": [GO]}]
    ),
    "press": lambda s, n: s.slack.press(s.ann, s.channel, s.ts(n, own=True), "Go"),
    "update": lambda s, n: s.client.chat_update(channel=s.channel, ts=s.ts(n, own=True), text=f"now {n}"),
    "delete": lambda s, n: s.client.chat_delete(channel=s.channel, ts=s.ts(n, own=True)),
    "whisper": lambda s, n: s.client.chat_postEphemeral(
        channel=s.channel, user=s.ann, text="psst", thread_ts=s.root(n)
    ),
    "status": lambda s, n: s.client.assistant_threads_setStatus(
        channel_id=s.channel, thread_ts=s.ts(n), status="thinks" if n % 3 else ""
    ),
    "add": lambda s, n: s.client.reactions_add(channel=s.channel, timestamp=s.ts(n), name="tada"),
    "stream": stream,
    "home": lambda s, n: s.client.views_publish(user_id=s.ann, view=HOME),
    "archive": archive,
    "close": close,
}


async def opened(scene: Scene, number: int) -> None:
    trigger = await scene.trigger()
    stack = scene.slack.core.workspace.views.modals.get(scene.ann)
    method = scene.client.views_push if stack and number % 2 else scene.client.views_open
    await method(trigger_id=trigger, view=modal(number))


STEPS["open"] = opened


async def _replayed(steps: list[tuple[str, int]]) -> set[str]:
    """Takes the steps, and gives the kinds of change that they made."""

    async def hear(request: aiohttp.web.Request) -> aiohttp.web.Response:
        return aiohttp.web.Response()

    app = aiohttp.web.Application()
    app.router.add_post("/", hear)
    runner = aiohttp.web.AppRunner(app, access_log=None)
    await runner.setup()
    await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
    async with LocalSlack(enforce_limits=False) as slack, aiohttp.ClientSession() as session:
        slack.events_url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        window = ClientState(slack)
        page = Client(window.snapshot())
        window.listen(page.apply)
        scene = Scene(
            slack, AsyncWebClient(token=slack.bot_token, base_url=slack.url, session=session, retry_handlers=[])
        )
        for name, number in steps:
            try:
                await STEPS[name](scene, number)
            except (LookupError, SlackApiError):
                continue
        await slack.settled()
        assert ordered(page.state) == ordered(window.snapshot())
    await runner.cleanup()
    return {change["kind"] for change in page.changes}


@settings(deadline=None, max_examples=examples(30))
@given(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 20)), max_size=25))
def test_who_applies_every_change_has_what_a_snapshot_shows(steps: list[tuple[str, int]]) -> None:
    asyncio.run(_replayed(steps))


def test_the_steps_make_every_kind_of_change() -> None:
    first = [("say", 0), ("post", 3), ("buttons", 0), ("home", 0), ("open", 0), ("say", 1), ("post", 1), ("stream", 1)]
    kinds = asyncio.run(_replayed([*first, *((name, number) for number in range(3) for name in sorted(STEPS))]))
    assert kinds == {
        *("message", "deleted", "status", "channel", "person", "views", "home", "call", "delivery", "ping"),
        "violation",
    }


async def test_calls_and_deliveries_belong_to_a_thread(slack: LocalSlack, http_peer: Peer) -> None:
    window, client = ClientState(slack), http_peer.client
    ann, channel = slack.user("Ann"), slack.channel("general")

    async def usage(ack: Any, respond: Any) -> None:
        await ack()
        await respond("usage", response_type="in_channel")

    http_peer.app.command("/flowise")(usage)
    root = await slack.say(ann, channel, f"<@{slack.bot_user_id}> hi")
    reply = (await client.chat_postMessage(channel=channel, thread_ts=root, text="one"))["ts"]
    await client.chat_update(channel=channel, ts=reply, text="two")
    await client.assistant_threads_setStatus(channel_id=channel, thread_ts=root, status="thinks")
    await client.chat_postEphemeral(channel=channel, thread_ts=root, user=ann, text="psst")
    await client.reactions_add(channel=channel, timestamp=reply, name="eyes")
    await client.files_getUploadURLExternal(filename="a.txt", length=1)
    await client.chat_delete(channel=channel, ts=reply)
    await slack.command(ann, channel, "/flowise", "help")
    await slack.until(lambda: len(slack.messages(channel)) == 2)
    await slack.settled()
    shown: dict[str, Any] = window.snapshot()
    calls = {call["method"]: call for call in shown["calls"]}
    in_thread = [name for name, call in calls.items() if call["thread_ts"] == root]
    assert in_thread == [
        *("chat.postMessage", "chat.update", "assistant.threads.setStatus", "chat.postEphemeral", "reactions.add"),
        "chat.delete",
    ]
    assert (calls["chat.update"]["ts"], calls["chat.update"]["response"]["text"]) == (reply, "two")
    assert (calls["files.getUploadURLExternal"]["channel"], calls["auth.test"]["thread_ts"]) == ("", "")
    posted = slack.messages(channel)[-1].ts
    answered = calls["response_url"]
    assert (answered["channel"], answered["ts"], answered["thread_ts"]) == (channel, posted, posted)
    assert [call["n"] for call in shown["calls"]] == list(range(1, len(slack.calls) + 1))
    told = {(one["kind"], one["what"], one["thread_ts"]) for one in shown["deliveries"] if one["channel"] == channel}
    assert told == {
        ("events_api", "app_mention", root),
        ("events_api", "message", root),
        ("events_api", "message", posted),
        ("slash_commands", "/flowise", ""),
    }


async def test_every_version_of_a_message(slack: LocalSlack, client: AsyncWebClient, clock: Clock) -> None:
    window, channel = ClientState(slack), slack.channel("general")
    divider = {"type": "divider"}
    ts = (await client.chat_postMessage(channel=channel, text="one", blocks=[divider]))["ts"]
    for words in ("two", "three"):
        clock.now += 2.0
        await client.chat_update(channel=channel, ts=ts, text=words)
    versions = window.versions(channel, ts)
    assert [(round(float(str(v["at"])) - float(ts), 3), v["text"]) for v in versions] == [
        (0.0, "one"),
        (2.0, "two"),
        (4.0, "three"),
    ]
    assert [version["blocks"] for version in versions] == [[{**divider, "block_id": "b0"}], [], []]
    shown: dict[str, Any] = window.snapshot()
    assert shown["messages"][0]["versions"] == 3
    with pytest.raises(LookupError):
        window.versions(channel, "1.0")


async def test_markdown_has_a_tree_for_a_client_and_for_nobody_else(slack: LocalSlack, client: AsyncWebClient) -> None:
    window, channel, ann = ClientState(slack), slack.channel("general"), slack.user("Ann")
    changes: list[dict[str, Any]] = []
    window.listen(changes.append)

    def trees() -> list[Any]:
        messages = [change["message"] for change in changes if change["kind"] == "message"]
        return [[block.get("tree") for block in message["blocks"]] for message in messages if message["user"] != ann]

    root = await slack.say(ann, channel, "**hi**")
    started = await client.chat_startStream(
        channel=channel,
        thread_ts=root,
        markdown_text="a **b",
        recipient_user_id=ann,
        recipient_team_id=slack.team_id,
    )
    ts = started["ts"]
    await client.chat_appendStream(channel=channel, ts=ts, markdown_text="**\n- c")
    await client.chat_stopStream(channel=channel, ts=ts, blocks=[{"type": "divider"}])
    bold = {"tag": "p", "children": ["a ", {"tag": "strong", "children": ["b"]}]}
    item = {"tag": "li", "children": [{"tag": "p", "children": ["c"]}]}
    whole = [bold, {"tag": "ul", "children": [item]}]
    assert trees() == [[[bold]], [whole], [whole, None]]
    assert [block.get("tree") for block in window.version(channel, ts, 2)] == [whole, None]
    half = [{"tag": "p", "children": ["a **b"]}]  # it is finished by now, and so nothing of it is healed
    assert [block.get("tree") for block in window.version(channel, ts, 0)] == [half]
    for index in (-1, 3):
        with pytest.raises(LookupError):
            window.version(channel, ts, index)
    # Trees are for whoever draws: not in the versions' list, not in the Web API, not in what is kept.
    told = (await client.conversations_replies(channel=channel, ts=root)).data
    assert "tree" not in json.dumps([told, window.versions(channel, ts), slack.messages(channel)[-1].blocks])
    await client.chat_postMessage(channel=channel, markdown_text="*c*", thread_ts=root)
    assert trees()[-1] == [[{"tag": "p", "children": [{"tag": "em", "children": ["c"]}]}]]


async def test_the_end_of_a_stream_and_of_a_status_are_told(slack: LocalSlack, client: AsyncWebClient) -> None:
    window, ann = ClientState(slack), slack.user("Ann")
    changes: list[dict[str, Any]] = []
    stop = window.listen(changes.append)
    direct = slack.dm(ann)
    root = await slack.say(ann, direct, "hi")
    await client.assistant_threads_setStatus(channel_id=direct, thread_ts=root, status="thinks")
    ts = (await client.chat_startStream(channel=direct, thread_ts=root, markdown_text="a"))["ts"]
    await client.chat_stopStream(channel=direct, ts=ts)
    statuses = [change["status"] for change in changes if change["kind"] == "status"]
    streams = [change["message"] for change in changes if change["kind"] == "message"]
    assert statuses == ["thinks", ""]
    assert [message["streaming"] for message in streams if message["ts"] == ts] == [True, False]
    stop()
    heard = len(changes)
    await client.chat_update(channel=direct, ts=ts, text="b")
    assert (len(changes), slack.messages(direct)[-1].text) == (heard, "b")


async def test_people_are_told_by_their_role_and_the_manifest_by_its_commands(slack: LocalSlack) -> None:
    slack.user("Ann"), slack.user("Bob", guest=True), slack.user("Eve", team="T0OTHER")
    shown: dict[str, Any] = ClientState(slack).snapshot()
    assert [person["role"] for person in shown["people"]] == ["bot", "member", "guest", "outsider"]
    manifest = json.loads((Path(__file__).parents[3] / "deploy" / "slack-manifest.json").read_text())
    commands = manifest["features"]["slash_commands"]
    asked = [{key: one[key] for key in ("command", "description", "usage_hint")} for one in commands]
    assert shown["commands"] == asked
    assert set(manifest["settings"]["event_subscriptions"]["bot_events"]) == slack.subscriptions
