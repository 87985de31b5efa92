"""A file on its way into Slack: each step against a local Slack, and what becomes of it when an answer is lost."""

from __future__ import annotations

from dataclasses import replace

import aiohttp
import pytest
from aiohttp import web

from bot.playground.slack import LocalSlack, Message
from bot.slack.calls import Accepted, Limited, Lost, Refused, Result, SendFile, ShareFile, Uploaded
from bot.slack.client import SlackClient
from bot.slack.wire import new_session, web_client

CONTENT = "# The rest\n\nÜber <!channel> 🎉\n".encode() * 100
FILE = SendFile("rest", "answer.md", CONTENT)
# Of two pieces and more, which aiohttp would warn of where it were sent as one.
LARGE = bytes(range(256)) * 8 * 1024


@pytest.fixture
async def root(slack: LocalSlack, ada: str, channel: str) -> str:
    return await slack.say(ada, channel, "hello")


@pytest.fixture
async def sent(client: SlackClient, channel: str, root: str) -> ShareFile:
    return await sharing(client, channel, root)


async def sharing(client: SlackClient, channel: str, root: str | None) -> ShareFile:
    """The call that shares a file which was just sent."""
    result = await client.call(FILE)
    assert isinstance(result, Uploaded)
    return ShareFile(channel, root, "rest", result.file_id, "The rest of the answer")


def shared(slack: LocalSlack, channel: str) -> list[Message]:
    return [message for message in slack.messages(channel) if message.files]


def count(slack: LocalSlack, method: str) -> int:
    return sum(call.method == method for call in slack.calls)


async def test_a_file_that_was_sent_is_seen_when_it_is_shared(
    slack: LocalSlack, client: SlackClient, channel: str, root: str, sent: ShareFile
) -> None:
    assert shared(slack, channel) == []
    assert await client.call(sent) == Accepted()
    [message] = shared(slack, channel)
    assert message.thread_ts == root
    [file] = message.files
    assert (file.name, file.content) == ("answer.md", CONTENT)
    assert slack.pings == []


async def test_a_large_file_arrives_byte_for_byte(slack: LocalSlack, client: SlackClient, channel: str) -> None:
    result = await client.call(SendFile("a", "a.bin", bytearray(LARGE)))
    assert isinstance(result, Uploaded)
    assert await client.call(ShareFile(channel, None, "a", result.file_id)) == Accepted()
    [message] = shared(slack, channel)
    assert message.files[0].content == LARGE


async def test_a_file_is_shared_flat(slack: LocalSlack, client: SlackClient, ada: str) -> None:
    assert await client.call(await sharing(client, slack.dm(ada), None)) == Accepted()
    assert slack.messages(slack.dm(ada))[-1].thread_ts is None


async def test_what_slack_says_no_to(slack: LocalSlack, client: SlackClient, channel: str, sent: ShareFile) -> None:
    for step, call in (("files.getUploadURLExternal", FILE), ("files.completeUploadExternal", sent)):
        slack.refuse(step, "restricted_action")
        assert await client.call(call) == Refused("restricted_action")
        slack.limit(step, 7)
        assert await client.call(call) == Limited(7)
    assert shared(slack, channel) == []


async def test_the_app_may_not_write_files(session: aiohttp.ClientSession) -> None:
    async with LocalSlack(scopes={"chat:write"}) as slack:
        client = SlackClient(web_client(slack.bot_token, slack.url, session), session)
        assert await client.call(FILE) == Refused("missing_scope")


async def test_a_lost_sending_leaves_nothing_behind(slack: LocalSlack, client: SlackClient, channel: str) -> None:
    slack.drop_reply("files.getUploadURLExternal")
    assert isinstance(await client.call(FILE), Lost)
    assert shared(slack, channel) == []


async def test_a_sharing_that_may_have_been_done_is_looked_for(
    slack: LocalSlack, client: SlackClient, channel: str, sent: ShareFile
) -> None:
    slack.drop_reply("files.completeUploadExternal")
    assert isinstance(await client.call(sent), Lost)
    slack.server_error("conversations.replies")
    assert isinstance(await client.call(replace(sent, look=True)), Lost)  # as long as Slack does not tell
    assert await client.call(replace(sent, look=True)) == Accepted()
    assert len(shared(slack, channel)) == 1
    assert count(slack, "files.completeUploadExternal") == 1


async def test_a_sharing_in_a_direct_message_is_looked_for(slack: LocalSlack, client: SlackClient, ada: str) -> None:
    call = await sharing(client, slack.dm(ada), None)
    slack.drop_reply("files.completeUploadExternal")
    assert isinstance(await client.call(call), Lost)
    assert await client.call(replace(call, look=True)) == Accepted()
    assert len(shared(slack, slack.dm(ada))) == 1


async def test_a_sharing_that_was_not_done_is_done_by_another_process(
    slack: LocalSlack, client: SlackClient, channel: str, sent: ShareFile
) -> None:
    async with new_session() as session:
        other = SlackClient(web_client(slack.bot_token, slack.url, session), session)
        assert await other.call(replace(sent, look=True)) == Accepted()
    assert len(shared(slack, channel)) == 1


async def test_without_the_right_to_look_the_same_file_is_shared_again_and_never_a_second_one(
    slack: LocalSlack, client: SlackClient, channel: str, sent: ShareFile
) -> None:
    assert await client.call(sent) == Accepted()
    slack.refuse("conversations.replies", "missing_scope")
    # This Slack forgets a file's id once it is shared.
    assert await client.call(replace(sent, look=True)) == Refused("file_not_found")
    assert len(shared(slack, channel)) == 1


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
        assert await client.call(SendFile("a", "a.md", b"x")) == result
    finally:
        await runner.cleanup()
    assert heard == ["Bearer xoxb-1", ""][: len(heard)]  # the token stays with the API
