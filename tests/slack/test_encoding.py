"""Every method is called with the verb and the encoding of slack_sdk's own method, compared over a real socket."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.doctor.slack import slack as doctor_of_slack
from bot.errors import SlackUnavailable
from bot.playground.slack import LocalSlack
from bot.records.thread import Thread
from bot.serving.socket_mode import open_connection
from bot.slack.calls import (
    AppendStream,
    Call,
    DeleteMessage,
    PostEphemeral,
    PostMessage,
    Respond,
    SendFile,
    SetSession,
    SetStatus,
    ShareFile,
    StartStream,
    StopStream,
    UpdateMessage,
)
from bot.slack.client import SlackClient
from bot.slack.views import comment_view
from bot.slack.wire import new_session, web_client
from tests.deploy.test_scopes import SCOPES_OF_METHOD

TOKEN, APP_TOKEN = "xoxb-1", "xapp-1"  # of nobody
BLOCKS = ({"type": "divider"},)
THREAD = Thread("T1", "C1", "1.000001")


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it arrived, its body parsed by its content type."""

    verb: str
    path: str
    query: tuple[tuple[str, str], ...]
    kind: str
    body: object
    token: str


@dataclass
class Recorder:
    """A server that writes down what it gets, and says yes to everything."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)

    async def serve(self, request: web.Request) -> web.Response:
        raw = await request.read()
        kind = request.headers.get("Content-Type", "")
        body = json.loads(raw) if "json" in kind else raw.decode()
        token = request.headers.get("Authorization", "")
        self.requests.append(
            Request(request.method, request.path, tuple(sorted(request.query.items())), kind, body, token)
        )
        given = {"ok": True, "ts": "1.000002", "user_id": "U1", "bot_id": "B1", "file_id": "F1"}
        user, bot = {"profile": {"display_name": "ada"}}, {"app_id": "A1"}
        more = {"upload_url": f"{self.url}upload", "url": self.url, "user": user, "bot": bot}
        return web.json_response(given | more)

    def of(self, path: str) -> Request:
        """The only request there was to that path."""
        [request] = [request for request in self.requests if request.path == f"/api/{path}"]
        return request


@pytest.fixture
async def recorder() -> AsyncIterator[Recorder]:
    it = Recorder()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", it.serve)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    it.url = f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
    yield it
    await runner.cleanup()


Ours: TypeAlias = Callable[[SlackClient], Awaitable[object]]
Theirs: TypeAlias = Callable[[AsyncWebClient], Awaitable[object]]


def calling(call: Call) -> Ours:
    return lambda client: client.call(call)


async def _opened(client: SlackClient) -> None:
    await open_connection(client._wire._web, APP_TOKEN)


def _wired(method: str, **arguments: object) -> Ours:
    """As certify calls what the bot itself does not."""
    return lambda client: client._wire.make(method, arguments)


async def _examined(client: SlackClient) -> None:
    await doctor_of_slack(client._wire._web, "xapp-1-A1-1-0f", "/flowise", wall=lambda: 0.0)


HOME: dict[str, Any] = {"user_id": "U1", "view": {"type": "home", "blocks": list(BLOCKS)}, "hash": "0.x"}
HISTORY: dict[str, Any] = {"channel": "C1", "oldest": "1.000001", "include_all_metadata": True}
VIEW = comment_view("name", "private", title="Your decision", above="You are choosing “Yes”.")
POST: dict[str, Any] = {"channel": "C1", "text": "hi", "blocks": list(BLOCKS)}
# How each method is called by us, and by slack_sdk itself with the same arguments.
CALLS: dict[str, tuple[Ours, Theirs]] = {
    "apps.connections.open": (_opened, lambda sdk: sdk.apps_connections_open(app_token=APP_TOKEN)),
    "agents.sessions.setStatus": (
        calling(SetSession("D1", "1.000001", "is thinking…", "hi")),
        lambda sdk: sdk.agents_sessions_setStatus(
            channel_id="D1", status="processing", thread_ts="1.000001", title="hi"
        ),
    ),
    "assistant.threads.setSuggestedPrompts": (
        lambda client: client.suggest("D1", ["Who are you?"]),
        lambda sdk: sdk.assistant_threads_setSuggestedPrompts(
            channel_id="D1", prompts=[{"title": "Who are you?", "message": "Who are you?"}]
        ),
    ),
    "assistant.threads.setStatus": (
        calling(SetStatus("C1", "1.000001", "is thinking…")),
        lambda sdk: sdk.assistant_threads_setStatus(channel_id="C1", thread_ts="1.000001", status="is thinking…"),
    ),
    "auth.test": (lambda client: client.identity(), lambda sdk: sdk.auth_test()),
    "bots.info": (_examined, lambda sdk: sdk.bots_info(bot="B1")),
    "chat.appendStream": (
        calling(AppendStream("C1", "1.000002", "more")),
        lambda sdk: sdk.chat_appendStream(channel="C1", ts="1.000002", markdown_text="more"),
    ),
    "chat.delete": (
        calling(DeleteMessage("C1", "1.000002")),
        lambda sdk: sdk.chat_delete(channel="C1", ts="1.000002"),
    ),
    "chat.postEphemeral": (
        calling(PostEphemeral("C1", "U1", "hi", BLOCKS, "1.000001")),
        lambda sdk: sdk.chat_postEphemeral(**POST, user="U1", thread_ts="1.000001"),
    ),
    "chat.postMessage": (
        calling(PostMessage("C1", "hi", BLOCKS, "1.000001")),
        lambda sdk: sdk.chat_postMessage(**POST, thread_ts="1.000001", unfurl_links=False, unfurl_media=False),
    ),
    "chat.startStream": (
        calling(StartStream("C1", "1.000001", "U1", "T1", "hi", "mark")),
        lambda sdk: sdk.chat_startStream(
            channel="C1", thread_ts="1.000001", recipient_user_id="U1", recipient_team_id="T1", markdown_text="hi"
        ),
    ),
    "chat.stopStream": (
        calling(StopStream("C1", "1.000002", "end", BLOCKS)),
        lambda sdk: sdk.chat_stopStream(channel="C1", ts="1.000002", markdown_text="end", blocks=list(BLOCKS)),
    ),
    "chat.update": (
        calling(UpdateMessage("C1", "1.000002", "hi", BLOCKS)),
        lambda sdk: sdk.chat_update(**POST, ts="1.000002"),
    ),
    "conversations.history": (
        lambda client: client.marked(Thread("T1", "C1", ""), "a1", since="1.000001"),
        lambda sdk: sdk.conversations_history(**HISTORY),
    ),
    "conversations.info": (
        lambda client: client.names("<#C1>", asker="U1"),
        lambda sdk: sdk.conversations_info(channel="C1"),
    ),
    "conversations.members": (
        _wired("conversations.members", channel="C1", limit=20),
        lambda sdk: sdk.conversations_members(channel="C1", limit=20),
    ),
    "conversations.replies": (
        lambda client: client.marked(THREAD, "a1", since="1.000001"),
        lambda sdk: sdk.conversations_replies(**HISTORY, ts="1.000001", limit=1_000),
    ),
    "files.completeUploadExternal": (
        calling(ShareFile("C1", "1.000001", "rest", "F1", "The rest")),
        lambda sdk: sdk.files_completeUploadExternal(
            files=[{"id": "F1", "title": "The rest"}], channel_id="C1", thread_ts="1.000001"
        ),
    ),
    "files.delete": (_wired("files.delete", file="F1"), lambda sdk: sdk.files_delete(file="F1")),
    "files.getUploadURLExternal": (
        calling(SendFile("rest", "a.md", b"x")),
        lambda sdk: sdk.files_getUploadURLExternal(filename="a.md", length=1),
    ),
    "files.info": (lambda client: client.file("F1"), lambda sdk: sdk.files_info(file="F1")),
    "usergroups.list": (
        lambda client: client.names("<!subteam^S1>", asker="U1"),
        lambda sdk: sdk.usergroups_list(),
    ),
    "usergroups.users.list": (
        lambda client: client.members("S1"),
        lambda sdk: sdk.usergroups_users_list(usergroup="S1"),
    ),
    "users.info": (lambda client: client.name("U1"), lambda sdk: sdk.users_info(user="U1", include_locale=True)),
    "views.publish": (_wired("views.publish", **HOME), lambda sdk: sdk.views_publish(**HOME)),
    "views.open": (
        lambda client: client.open_view("1.2.x", VIEW),
        lambda sdk: sdk.views_open(trigger_id="1.2.x", view=VIEW),
    ),
}


# What the set-up asks through slack_sdk itself.
BY_SLACK_SDK = {"apps.manifest.create", "tooling.tokens.rotate", "users.conversations"}


def test_all_methods_that_are_called_are_compared() -> None:
    assert CALLS.keys() | BY_SLACK_SDK == SCOPES_OF_METHOD.keys()


@pytest.mark.parametrize("method", CALLS)
async def test_a_method_is_called_as_slack_sdk_calls_it(recorder: Recorder, method: str) -> None:
    ours, theirs = CALLS[method]
    async with new_session() as session:
        client = SlackClient(web_client(TOKEN, recorder.url, session), session)
        with suppress(SlackUnavailable):  # the address of a connection is one of HTTP here
            await ours(client)
        made = recorder.of(method)
        recorder.requests.clear()
        await theirs(AsyncWebClient(token=TOKEN, base_url=recorder.url, session=session))
    assert made == recorder.of(method)


async def test_a_file_and_a_response_are_sent_as_slack_sdk_sends_them(recorder: Recorder) -> None:
    async with new_session() as session:
        client = SlackClient(web_client(TOKEN, recorder.url, session), session)
        await client.call(SendFile("rest", "a.md", b"x"))
        sdk = AsyncWebClient(token=TOKEN, base_url=recorder.url, session=session)
        address = f"{recorder.url}upload"
        uploaded = recorder.of("upload")
        recorder.requests.clear()
        await sdk._upload_file(url=address, data=b"x", logger=sdk.logger, timeout=5, proxy=None, ssl=None)
        assert uploaded == recorder.of("upload")
        recorder.requests.clear()
        await client.call(Respond(f"{recorder.url}respond", "hi", BLOCKS))
        responded = recorder.of("respond")
        recorder.requests.clear()
        webhook = AsyncWebhookClient(f"{recorder.url}respond", session=session)
        await webhook.send(text="hi", blocks=list(BLOCKS), response_type="ephemeral")
        assert responded == recorder.of("respond")


async def test_the_local_slack_takes_what_slack_sdk_sends(slack: LocalSlack, session: aiohttp.ClientSession) -> None:
    """Each method, each argument: the query of a POST, JSON in the query, a GET."""
    sdk = AsyncWebClient(token=slack.bot_token, base_url=slack.url, session=session)
    ada = slack.user("ada")
    channel = slack.channel("general", members=[ada])
    root = await slack.say(ada, channel, "hello")
    assert (await sdk.auth_test())["user_id"] == slack.bot_user_id
    posted = await sdk.chat_postMessage(channel=channel, text="hi", blocks=list(BLOCKS), thread_ts=root)
    await sdk.chat_update(channel=channel, ts=posted["ts"], text="ho", blocks=list(BLOCKS))
    page = await sdk.conversations_replies(channel=channel, ts=root, limit=10, include_all_metadata=True)
    assert [message["text"] for message in page["messages"]] == ["hello", "ho"]
    await sdk.chat_delete(channel=channel, ts=posted["ts"])
    assert [message.text for message in slack.thread(channel, root)] == ["hello"]
    await sdk.files_upload_v2(content="x", filename="a.md", title="The rest", channel=channel, thread_ts=root)
    [file] = slack.thread(channel, root)[-1].files
    assert (file.name, file.content) == ("a.md", b"x")
    assert (await sdk.bots_info(bot=slack.bot_id))["bot"]["user_id"] == slack.bot_user_id
    assert (await sdk.apps_connections_open(app_token=slack.app_token))["url"].startswith("ws://")
    assert {call.answer for call in slack.calls} == {"ok"}
