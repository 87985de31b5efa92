"""A file on its way into Slack: each step against a local Slack, and what becomes of it when an answer is lost."""

from __future__ import annotations

import aiohttp
import pytest
from aiohttp import web

from bot.playground.slack import LocalSlack, Message
from bot.slack.calls import Accepted, Limited, Lost, Refused, Result, UploadFile
from bot.slack.client import SlackClient
from bot.slack.wire import web_client

CONTENT = "# The rest\n\nÜber <!channel> 🎉\n" * 100


@pytest.fixture
async def call(slack: LocalSlack, ada: str, channel: str) -> UploadFile:
    root = await slack.say(ada, channel, "hello")
    return UploadFile(channel, root, "answer.md", "The rest of the answer", CONTENT)


def shared(slack: LocalSlack, call: UploadFile) -> list[Message]:
    return [message for message in slack.messages(call.channel) if message.files]


def count(slack: LocalSlack, method: str) -> int:
    return sum(call.method == method for call in slack.calls)


async def test_a_file_is_shared_in_the_thread(slack: LocalSlack, client: SlackClient, call: UploadFile) -> None:
    assert await client.call(call) == Accepted()
    [message] = shared(slack, call)
    assert message.thread_ts == call.thread_ts
    [file] = message.files
    assert (file.name, file.content.decode()) == ("answer.md", CONTENT)
    assert slack.pings == []


async def test_a_file_is_shared_flat(slack: LocalSlack, client: SlackClient, ada: str) -> None:
    assert await client.call(UploadFile(slack.dm(ada), None, "answer.md", "The rest", "x")) == Accepted()
    assert slack.messages(slack.dm(ada))[-1].thread_ts is None


@pytest.mark.parametrize("step", ["files.getUploadURLExternal", "files.completeUploadExternal"])
async def test_what_slack_says_no_to(slack: LocalSlack, client: SlackClient, call: UploadFile, step: str) -> None:
    slack.refuse(step, "restricted_action")
    assert await client.call(call) == Refused("restricted_action")
    slack.limit(step, 7)
    assert await client.call(call) == Limited(7)
    assert shared(slack, call) == []
    assert await client.call(call) == Accepted()
    assert len(shared(slack, call)) == 1


async def test_the_app_may_not_write_files(session: aiohttp.ClientSession) -> None:
    async with LocalSlack(scopes={"chat:write"}) as slack:
        channel = slack.channel("general", members=[slack.user("ada")])
        client = SlackClient(web_client(slack.bot_token, slack.url, session), session)
        assert await client.call(UploadFile(channel, None, "a.md", "A", "x")) == Refused("missing_scope")


async def test_a_lost_first_step_leaves_nothing_behind(
    slack: LocalSlack, client: SlackClient, call: UploadFile
) -> None:
    slack.drop_reply("files.getUploadURLExternal")
    assert isinstance(await client.call(call), Lost)
    assert await client.call(call) == Accepted()
    assert len(shared(slack, call)) == 1


async def test_a_lost_sharing_is_found_and_not_done_again(
    slack: LocalSlack, client: SlackClient, call: UploadFile
) -> None:
    slack.drop_reply("files.completeUploadExternal")
    assert isinstance(await client.call(call), Lost)
    slack.server_error("conversations.replies")
    assert isinstance(await client.call(call), Lost)  # as long as Slack does not tell, nothing is done
    assert await client.call(call) == Accepted()
    assert len(shared(slack, call)) == 1
    assert count(slack, "files.completeUploadExternal") == count(slack, "files.getUploadURLExternal") == 1


async def test_a_lost_sharing_in_a_direct_message(slack: LocalSlack, client: SlackClient, ada: str) -> None:
    call = UploadFile(slack.dm(ada), None, "answer.md", "The rest", CONTENT)
    slack.drop_reply("files.completeUploadExternal")
    assert isinstance(await client.call(call), Lost)
    assert await client.call(call) == Accepted()
    assert len(shared(slack, call)) == 1


async def test_a_sharing_that_was_not_done_is_done_with_the_same_file(
    slack: LocalSlack, client: SlackClient, call: UploadFile
) -> None:
    slack.break_before("files.completeUploadExternal")
    assert isinstance(await client.call(call), Lost)
    assert await client.call(call) == Accepted()
    assert len(shared(slack, call)) == 1
    assert count(slack, "files.getUploadURLExternal") == 1


async def test_without_the_right_to_look_the_same_file_is_shared_again_and_never_a_second_one(
    slack: LocalSlack, client: SlackClient, call: UploadFile
) -> None:
    slack.drop_reply("files.completeUploadExternal")
    assert isinstance(await client.call(call), Lost)
    slack.refuse("conversations.replies", "missing_scope")
    assert isinstance(await client.call(call), Refused)  # this Slack forgets a file's id once it is shared
    assert len(shared(slack, call)) == 1


@pytest.mark.parametrize(
    ("body", "status", "result"),
    [
        ('{"ok":true}', 200, Lost("files.getUploadURLExternal: no address")),
        ('{"ok":true,"upload_url":"%s/upload","file_id":"F1"}', 503, Lost("upload: 503")),
        ('{"ok":true,"upload_url":"%s/upload","file_id":"F1"}', 429, Limited(3)),
        ('{"ok":true,"upload_url":"http://127.0.0.1:9/","file_id":"F1"}', 200, Lost("upload: connection refused")),
        ('{"ok":true,"upload_url":"nowhere","file_id":"F1"}', 200, Refused("address_refused")),
    ],
)
async def test_the_bytes_do_not_arrive(session: aiohttp.ClientSession, body: str, status: int, result: Result) -> None:
    heard: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        heard.append(request.headers.get("Authorization", ""))
        if request.path == "/upload":
            return web.Response(status=status, headers={"Retry-After": "3"})
        text = body.replace("%s", str(request.url.origin()))
        return web.Response(text=text, content_type="application/json")

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        client = SlackClient(web_client("xoxb-1", address, session), session)
        assert await client.call(UploadFile("C1", None, "a.md", "A", "x")) == result
    finally:
        await runner.cleanup()
    assert heard == ["Bearer xoxb-1", ""][: len(heard)]  # the token stays with the API
