"""The Web API on the wire: every call against a local Slack, and each way in which an answer can fail to come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp
import pytest
from aiohttp import web

from bot.errors import SlackRefused, SlackUnavailable
from bot.playground.slack import LocalSlack
from bot.records.thread import Thread
from bot.slack.calls import (
    Accepted,
    Call,
    DeleteMessage,
    Limited,
    Lost,
    Posted,
    PostEphemeral,
    PostMessage,
    Refused,
    Respond,
    Result,
    SetStatus,
    UpdateMessage,
)
from bot.slack.client import SlackClient
from bot.slack.messages import Marked
from bot.slack.text.blocks import plain
from bot.slack.wire import web_client


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(slack: LocalSlack, session: aiohttp.ClientSession, clock: Clock) -> SlackClient:
    return SlackClient(web_client(slack.bot_token, slack.url, session), session, clock=clock)


@pytest.fixture
async def root(slack: LocalSlack, ada: str, channel: str) -> str:
    return await slack.say(ada, channel, "hello")


def post(channel: str, text: str = "an answer", *, thread_ts: str | None = None, mark: str = "") -> PostMessage:
    return PostMessage(channel=channel, text=text, blocks=plain(text), thread_ts=thread_ts, mark=mark)


def ours(slack: LocalSlack, channel: str) -> list[str]:
    return [message.plain for message in slack.messages(channel) if message.user == slack.bot_user_id]


# Each call ------------------------------------------------------------------------------------------------------------


async def test_who_the_token_belongs_to(slack: LocalSlack, client: SlackClient) -> None:
    identity = await client.identity()
    assert (identity.team, identity.bot_id, identity.bot_user) == (slack.team_id, slack.bot_id, slack.bot_user_id)
    assert identity.name
    assert identity.organisations == {slack.team_id}


async def test_a_message_is_posted_edited_and_deleted(
    slack: LocalSlack, client: SlackClient, channel: str, root: str
) -> None:
    posted = await client.call(post(channel, "see https://example.com", thread_ts=root))
    assert isinstance(posted, Posted)
    [message] = slack.thread(channel, root)[1:]
    assert (message.ts, message.plain) == (posted.ts, "see https://example.com")
    assert slack.previews == []
    edit = UpdateMessage(channel=channel, ts=posted.ts, text="better", blocks=plain("better"))
    assert await client.call(edit) == Accepted()
    assert slack.thread(channel, root)[1].plain == "better"
    assert await client.call(DeleteMessage(channel=channel, ts=posted.ts)) == Accepted()
    assert len(slack.thread(channel, root)) == 1
    flat = await client.call(post(channel, "flat"))
    assert isinstance(flat, Posted)
    assert slack.messages(channel)[-1].thread_ts is None


async def test_the_status_line_is_set_and_taken_away(
    slack: LocalSlack, client: SlackClient, channel: str, root: str
) -> None:
    assert await client.call(SetStatus(channel=channel, thread_ts=root, status="is thinking…")) == Accepted()
    assert slack.status(channel, root) == "is thinking…"
    assert await client.call(SetStatus(channel=channel, thread_ts=root, status="")) == Accepted()
    assert slack.status(channel, root) == ""


async def test_a_word_for_one_person(slack: LocalSlack, client: SlackClient, channel: str, ada: str) -> None:
    call = PostEphemeral(channel=channel, user=ada, text="psst", blocks=plain("psst"))
    assert await client.call(call) == Accepted()
    assert [message.plain for message in slack.ephemerals(channel, ada)] == ["psst"]
    assert slack.messages(channel) == []


async def test_a_response_url_is_good_for_five_answers(
    slack: LocalSlack, client: SlackClient, channel: str, ada: str
) -> None:
    heard: list[str] = []

    async def hear(request: web.Request) -> web.Response:
        heard.append(str((await request.post())["response_url"]))
        return web.Response()

    async with serving(hear) as url:
        slack.events_url = url
        assert (await slack.command(ada, channel, "/flowise", "why?")).acked
    call = Respond(response_url=heard[0], text="because", blocks=plain("because"))
    assert [await client.call(call) for _ in range(5)] == [Accepted()] * 5
    assert [message.plain for message in slack.ephemerals(channel, ada)] == ["because"] * 5
    assert isinstance(await client.call(call), Refused)


# What Slack, or the way to it, can do ---------------------------------------------------------------------------------


@asynccontextmanager
async def serving(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """An address at which the handler answers everything."""
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


async def answered(
    session: aiohttp.ClientSession, call: Call, status: int, body: str, kind: str, headers: dict[str, str]
) -> Result:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=body, content_type=kind, headers=headers)

    async with serving(answer) as url:
        if isinstance(call, Respond):
            call = Respond(response_url=url, text=call.text, blocks=call.blocks)
        return await SlackClient(web_client("xoxb-1", url, session), session).call(call)


POST = post("C1")
RESPOND = Respond(response_url="", text="because", blocks=plain("because"))
JSON, HTML = "application/json", "text/html"
PAGE = "<!DOCTYPE html><title>502 Bad Gateway</title>"


@pytest.mark.parametrize(
    ("call", "status", "body", "kind", "headers", "result"),
    [
        (POST, 429, '{"ok":false,"error":"ratelimited"}', JSON, {"Retry-After": "7"}, Limited(7)),
        (POST, 429, '{"ok":false,"error":"ratelimited"}', JSON, {}, Limited(1)),
        (POST, 429, '{"ok":false,"error":"ratelimited"}', JSON, {"Retry-After": "soon"}, Limited(1)),
        (POST, 429, '{"ok":false,"error":"ratelimited"}', JSON, {"Retry-After": "0"}, Limited(1)),
        (POST, 429, '{"ok":false,"error":"ratelimited"}', JSON, {"Retry-After": "-3"}, Limited(1)),
        (POST, 429, '{"ok":false,"error":"ratelimited"}', JSON, {"Retry-After": "nan"}, Limited(1)),
        (POST, 429, '{"ok":false,"error":"ratelimited"}', JSON, {"Retry-After": "1e400"}, Limited(86_400)),
        (POST, 200, '{"ok":false,"error":"rate_limited"}', JSON, {"Retry-After": "3"}, Limited(3)),
        (POST, 200, '{"ok":false,"error":"is_archived"}', JSON, {}, Refused("is_archived")),
        (POST, 200, '{"ok":false,"error":"fatal_error"}', JSON, {}, Lost("200 fatal_error")),
        (POST, 500, '{"ok":false,"error":"is_archived"}', JSON, {}, Lost("500 is_archived")),
        (POST, 200, '{"ok":false}', JSON, {}, Lost("200")),
        (POST, 200, '{"ok":false,"error":["x"]}', JSON, {}, Lost("200")),
        (POST, 502, PAGE, HTML, {}, Lost("502")),
        (POST, 200, PAGE, HTML, {}, Lost("200")),
        (POST, 200, "not json", JSON, {}, Lost("no JSON")),
        (POST, 200, "[]", JSON, {}, Lost("200")),
        (POST, 200, '["x"]', JSON, {}, Lost("chat.postMessage: AttributeError")),
        (POST, 200, "null", JSON, {}, Lost("200")),
        (POST, 200, '{"ok":true}', JSON, {}, Lost("chat.postMessage: no ts")),
        (RESPOND, 429, "", HTML, {"Retry-After": "2"}, Limited(2)),
        (RESPOND, 503, PAGE, HTML, {}, Lost("response URL: 503")),
        (RESPOND, 404, "expired_url", HTML, {}, Refused("expired_url")),
    ],
)
async def test_what_an_answer_means(
    session: aiohttp.ClientSession,
    call: Call,
    status: int,
    body: str,
    kind: str,
    headers: dict[str, str],
    result: Result,
) -> None:
    assert await answered(session, call, status, body, kind, headers) == result


async def test_what_slack_refuses_limits_or_does_not_do(slack: LocalSlack, client: SlackClient, channel: str) -> None:
    slack.refuse("chat.postMessage", "restricted_action")
    assert await client.call(post(channel)) == Refused("restricted_action")
    slack.limit("chat.postMessage", 3)
    assert await client.call(post(channel)) == Limited(3)
    slack.server_error("chat.postMessage")
    assert isinstance(await client.call(post(channel)), Lost)
    slack.break_before("chat.postMessage")
    assert isinstance(await client.call(post(channel)), Lost)
    assert ours(slack, channel) == []
    slack.drop_reply("chat.postMessage")
    assert isinstance(await client.call(post(channel)), Lost)
    assert ours(slack, channel) == ["an answer"]  # done, and we do not know it
    assert [call.method for call in slack.calls] == ["chat.postMessage"] * 5  # nothing is tried again by itself


async def test_nobody_answers(session: aiohttp.ClientSession) -> None:
    client = SlackClient(web_client("xoxb-1", "http://127.0.0.1:9/", session), session)
    assert isinstance(await client.call(POST), Lost)
    assert isinstance(await client.call(Respond("http://127.0.0.1:9/", "x", plain("x"))), Lost)
    with pytest.raises(SlackUnavailable):
        await client.identity()


async def test_the_token_is_refused(slack: LocalSlack, session: aiohttp.ClientSession) -> None:
    client = SlackClient(web_client("xoxb-wrong", slack.url, session), session)
    with pytest.raises(SlackRefused) as caught:
        await client.identity()
    assert caught.value.code == "invalid_auth"
    assert "xoxb" not in str(caught.value)


async def test_an_answer_that_is_no_json_is_no_refusal_of_the_token(session: aiohttp.ClientSession) -> None:
    async def page(_: web.Request) -> web.Response:
        return web.Response(status=502, text=PAGE, content_type=HTML)

    async with serving(page) as url:
        with pytest.raises(SlackUnavailable):
            await SlackClient(web_client("xoxb-1", url, session), session).identity()


# A post whose answer was lost -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["thread", "channel", "direct message"])
async def test_a_lost_post_is_found_and_stands_once(
    slack: LocalSlack, client: SlackClient, ada: str, channel: str, root: str, place: str
) -> None:
    where = slack.dm(ada) if place == "direct message" else channel
    call = post(where, thread_ts=root if place == "thread" else None, mark="a1b2c3-0")
    slack.drop_reply("chat.postMessage")
    assert isinstance(await client.call(call), Lost)
    again = await client.call(call)
    assert ours(slack, where) == ["an answer"]
    assert again == Posted(slack.messages(where)[-1].ts, found=True)
    # From now on the mark is as good as new, and so is every other.
    assert isinstance(await client.call(post(where, "another", thread_ts=call.thread_ts, mark="a1b2c3-1")), Posted)
    assert ours(slack, where) == ["an answer", "another"]


async def test_a_post_that_was_lost_before_it_was_done_is_made_again(
    slack: LocalSlack, client: SlackClient, channel: str, root: str
) -> None:
    slack.break_before("chat.postMessage", times=2)
    call = post(channel, thread_ts=root, mark="a1b2c3-0")
    assert isinstance(await client.call(call), Lost)
    assert isinstance(await client.call(call), Lost)
    assert isinstance(await client.call(call), Posted)
    assert ours(slack, channel) == ["an answer"]
    looks = [call for call in slack.calls if call.method == "conversations.replies"]
    assert len(looks) == 2


async def test_while_slack_does_not_tell_a_lost_post_is_not_made_again(
    slack: LocalSlack, client: SlackClient, channel: str, root: str
) -> None:
    slack.drop_reply("chat.postMessage")
    call = post(channel, thread_ts=root, mark="a1b2c3-0")
    await client.call(call)
    slack.server_error("conversations.replies")
    assert isinstance(await client.call(call), Lost)
    slack.limit("conversations.replies", 5)
    assert isinstance(await client.call(call), Lost)
    assert isinstance(await client.call(call), Posted)
    assert ours(slack, channel) == ["an answer"]


async def test_without_the_right_to_look_a_second_message_is_better_than_none(
    slack: LocalSlack, client: SlackClient, channel: str, root: str
) -> None:
    slack.drop_reply("chat.postMessage")
    call = post(channel, thread_ts=root, mark="a1b2c3-0")
    await client.call(call)
    slack.refuse("conversations.replies", "missing_scope")
    assert isinstance(await client.call(call), Posted)
    assert len(ours(slack, channel)) == 2


async def test_a_post_takes_over_what_it_adopts_unless_it_stands_itself(
    slack: LocalSlack, client: SlackClient, channel: str, root: str
) -> None:
    apology = await client.call(post(channel, "not yet", thread_ts=root, mark="a1b2c3-apology-one"))
    assert isinstance(apology, Posted)
    call = replace(post(channel, thread_ts=root, mark="a1b2c3-0-0"), look=True, adopts="a1b2c3-apology")
    assert await client.call(call) == Posted(apology.ts, found=True)
    own = await client.call(replace(call, look=False))
    assert isinstance(own, Posted)
    assert await client.call(call) == Posted(own.ts, found=True)
    assert ours(slack, channel) == ["not yet", "an answer"]


@pytest.mark.parametrize("in_thread", [True, False])
async def test_the_messages_of_a_question_are_known_by_their_marks(
    slack: LocalSlack, client: SlackClient, channel: str, root: str, in_thread: bool
) -> None:
    where = root if in_thread else None
    one = await client.call(post(channel, "not yet", thread_ts=where, mark="a1b2c3-apology"))
    assert isinstance(one, Posted)
    await client.call(post(channel, "another", thread_ts=where, mark="ffffff-0-0"))
    await client.call(post(channel, "none", thread_ts=where))
    edited = UpdateMessage(channel=channel, ts=one.ts, text="answer", blocks=plain("answer"))
    assert await client.call(edited) == Accepted()
    thread = Thread(slack.team_id, channel, root if in_thread else "")
    assert await client.marked(thread, "a1b2c3", since=root) == (Marked(one.ts, "a1b2c3-apology", "answer"),)
    assert await client.marked(thread, "a1b2c3", since=one.ts) == ()


# Reading --------------------------------------------------------------------------------------------------------------


async def test_the_last_messages_of_a_thread_before_one(
    slack: LocalSlack, client: SlackClient, ada: str, channel: str, root: str
) -> None:
    tom = slack.user("Tom T.")
    identity = await client.identity()
    await slack.say(ada, channel, "one", thread_ts=root)
    await client.call(post(channel, "two, by us", thread_ts=root))
    await slack.say(tom, channel, f"three &amp; <@{ada}>", thread_ts=root)
    asked = await slack.say(ada, channel, f"<@{identity.bot_user}> what now?", thread_ts=root)
    await slack.say(ada, channel, "later", thread_ts=root)
    thread = Thread(identity.team, channel, root)

    said = await client.replies(thread, before=asked, limit=3)
    assert [(one.author, one.text) for one in said] == [
        ("ada", "one"),
        (identity.name, "two, by us"),
        ("Tom T.", "three & @ada"),
    ]
    every = await client.replies(thread, before=asked, limit=20)
    assert [one.text for one in every] == ["hello", "one", "two, by us", "three & @ada"]


SHARED = {"is_share": True, "author_name": "tom", "text": "E55 on db-3", "fallback": "x"}
BY_APP = {"bot_id": "B1", "bot_profile": {"name": "Alertmanager"}}


@pytest.mark.parametrize(
    ("message", "read"),
    [
        (
            BY_APP | {"text": "", "attachments": [{"title": "[FIRING:1] DiskFull", "text": "db-3 has 2% left"}]},
            ("Alertmanager", "[FIRING:1] DiskFull\ndb-3 has 2% left"),
        ),
        (
            BY_APP
            | {"username": "Grafana", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "Load"}}]},
            ("Grafana", "Load"),
        ),
        ({"bot_id": "B1", "files": [{"name": "a.log"}]}, ("A bot", "(attached, not readable here: a.log)")),
        ({"username": "hook", "text": "look", "attachments": [SHARED]}, ("hook", "look\n> tom:\n> E55 on db-3")),
        ({"username": "hook", "text": "<@UBOT> help"}, None),
        ({"username": "hook", "text": "<@UBOT>", "attachments": [SHARED]}, ("hook", "somebody\n> tom:\n> E55 on db-3")),
        ({"username": "hook", "text": "ours", "user": "UBOT"}, None),
        ({"subtype": "tombstone", "text": "This message was deleted.", "hidden": True}, None),
        ({"subtype": "channel_join", "text": "<@U1> has joined"}, None),
        ({"username": "hook", "text": ["not", "a", "text"], "blocks": "none", "attachments": {"a": 1}}, None),
    ],
)
async def test_what_is_read_of_a_message_since_an_answer(
    session: aiohttp.ClientSession, message: dict[str, object], read: tuple[str, str] | None
) -> None:
    root = {"ts": "1.000000", "text": "the root, which Slack gives in any case", "username": "hook"}

    async def answer(request: web.Request) -> web.Response:
        if request.path.endswith("/auth.test"):
            return web.json_response({"ok": True, "user_id": "UBOT"})
        if request.path.endswith("/conversations.replies"):
            assert request.query["oldest"] == "1.000001"
            return web.json_response({"ok": True, "messages": [root, {"ts": "1.000002"} | message]})
        return web.json_response({"ok": False, "error": "user_not_found"})

    async with serving(answer) as url:
        client = SlackClient(web_client("xoxb-1", url, session), session)
        await client.identity()
        said = await client.replies(Thread("T1", "C1", "1.000000"), before="1.000009", limit=9, after="1.000001")
    assert [(one.author, one.text) for one in said] == ([read] if read else [])


async def test_messages_since_an_answer_are_read_with_one_request_or_not_at_all(
    slack: LocalSlack, client: SlackClient, ada: str, channel: str, root: str
) -> None:
    await client.identity()
    since = await slack.say(ada, channel, "asked", thread_ts=root)
    await client.call(post(channel, "an answer", thread_ts=root))
    for number in range(6):
        await slack.say(ada, channel, f"m{number}", thread_ts=root)
    asked = await slack.say(ada, channel, "what now?", thread_ts=root)
    thread = Thread(slack.team_id, channel, root)
    said = await client.replies(thread, before=asked, limit=4, after=since)
    assert [one.text for one in said] == ["m2", "m3", "m4", "m5"]
    slack.longest_page = 5
    assert await client.replies(thread, before=asked, limit=4, after=since) == ()
    assert sum(call.method == "conversations.replies" for call in slack.calls) == 2


async def test_a_thread_that_cannot_be_read(slack: LocalSlack, client: SlackClient, channel: str) -> None:
    with pytest.raises(SlackRefused, match="thread_not_found"):
        await client.replies(Thread(slack.team_id, channel, "1.000001"), before="2.000000", limit=20)
    slack.server_error("conversations.replies")
    with pytest.raises(SlackUnavailable):
        await client.replies(Thread(slack.team_id, channel, "1.000001"), before="2.000000", limit=20)


def lookups(slack: LocalSlack) -> int:
    return sum(call.method == "users.info" for call in slack.calls)


async def test_names_are_kept_for_an_hour(slack: LocalSlack, client: SlackClient, clock: Clock, ada: str) -> None:
    assert [await client.name(ada) for _ in range(3)] == ["ada"] * 3
    assert lookups(slack) == 1
    clock.now += 3_599
    await client.name(ada)
    assert lookups(slack) == 1
    clock.now += 2
    slack.server_error("users.info")
    assert [await client.name(ada) for _ in range(2)] == ["ada", "ada"]  # an old name is better than none
    assert lookups(slack) == 2  # and a Slack that is away is not asked for each message
    clock.now += 61
    assert await client.name(ada) == "ada"
    assert lookups(slack) == 3


async def test_a_name_that_many_ask_for_at_once_is_looked_up_once(
    slack: LocalSlack, client: SlackClient, ada: str
) -> None:
    first = asyncio.create_task(client.name(ada))
    others = [asyncio.create_task(client.name(ada)) for _ in range(20)]
    await asyncio.sleep(0)
    first.cancel()  # whoever asked first may go away
    assert await asyncio.gather(*others) == ["ada"] * 20
    assert lookups(slack) == 1


async def test_a_person_whom_slack_does_not_name(slack: LocalSlack, client: SlackClient, clock: Clock) -> None:
    assert [await client.name("U000NOBODY") for _ in range(2)] == [""] * 2
    assert lookups(slack) == 1
    clock.now += 61
    assert await client.name("U000NOBODY") == ""
    assert lookups(slack) == 2
