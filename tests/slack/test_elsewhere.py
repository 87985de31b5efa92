"""Where the bot does not go, though it was sent there: other hosts, redirects, and Slack, with a token it refuses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from bot.errors import SlackRefused, SlackUnavailable
from bot.playground.slack import LocalSlack
from bot.records.thread import Thread
from bot.slack.calls import Call, Lost, PostMessage, Refused, Respond, SendFile
from bot.slack.client import SlackClient
from bot.slack.text.blocks import plain
from bot.slack.wire import new_session, web_client

POST = PostMessage("C1", "hello", plain("hello"))
FILE = SendFile("rest", "a.md", b"x")
STRANGER = "https://evil.example/take?secret=1"


@dataclass
class Crooked:
    """A Slack that gives the same `answer` to each call, and a redirect to those whose path holds `away`."""

    answer: dict[str, object] = field(default_factory=dict)
    away: str = "never"
    status: int = 307
    url: str = ""
    heard: list[tuple[str, str]] = field(default_factory=list)

    async def serve(self, request: web.Request) -> web.Response:
        self.heard.append((request.path, request.headers.get("Authorization", "")))
        if self.away in request.path:
            return web.Response(status=self.status, headers={"Location": f"{self.url}landed"})
        return web.json_response({"ok": True, **self.answer})


@pytest.fixture
async def crooked() -> AsyncIterator[Crooked]:
    slack = Crooked()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", slack.serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    yield slack
    await runner.cleanup()


async def made(slack: Crooked, call: Call) -> object:
    async with new_session() as session:
        return await SlackClient(web_client("xoxb-1", slack.url, session), session).call(call)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_with_a_token(crooked: Crooked, status: int) -> None:
    crooked.away, crooked.status = "chat.", status
    with capture_logs() as lines:
        assert await made(crooked, POST) == Lost("chat.postMessage: RedirectRefusedError")
    assert crooked.heard == [("/chat.postMessage", "Bearer xoxb-1")]
    assert [line["event"] for line in lines] == ["redirect refused"]


async def test_a_redirect_of_a_reading_call_is_a_slack_that_does_not_answer(crooked: Crooked) -> None:
    crooked.away = "auth."
    async with new_session() as session:
        with pytest.raises(SlackUnavailable):
            await SlackClient(web_client("xoxb-1", crooked.url, session), session).identity()
    assert [path for path, _ in crooked.heard] == ["/auth.test"]


async def test_a_file_goes_to_no_other_host(crooked: Crooked) -> None:
    crooked.answer = {"upload_url": STRANGER, "file_id": "F1"}
    with capture_logs() as lines:
        assert await made(crooked, FILE) == Refused("address_refused")
    [line] = lines
    assert (line["event"], line["log_level"]) == ("address refused", "error")
    assert "evil.example" in line["reason"]
    assert "secret" not in str(line)
    assert [path for path, _ in crooked.heard] == ["/files.getUploadURLExternal"]


async def test_neither_a_file_nor_an_answer_follows_a_redirect(crooked: Crooked) -> None:
    crooked.answer = {"upload_url": f"{crooked.url}own/upload", "file_id": "F1"}
    crooked.away = "own"
    assert await made(crooked, FILE) == Lost("upload: RedirectRefusedError")
    assert await made(crooked, Respond(f"{crooked.url}own/response", "x", ())) == Lost(
        "response URL: RedirectRefusedError"
    )
    heard = ["/files.getUploadURLExternal", "/own/upload", "/own/response"]
    assert [path for path, _ in crooked.heard] == heard
    assert [token for _, token in crooked.heard] == ["Bearer xoxb-1", "", ""]


async def test_an_answer_goes_to_no_other_host(crooked: Crooked) -> None:
    assert await made(crooked, Respond(STRANGER, "the words of a model", ())) == Refused("address_refused")
    assert crooked.heard == []


# A token that is not taken any more ---------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["invalid_auth", "token_revoked", "account_inactive", "token_expired"])
async def test_a_refused_token_is_told_once_and_calls_are_not_made(word: str) -> None:
    async with LocalSlack() as slack, new_session() as session:
        client = SlackClient(web_client(slack.bot_token, slack.url, session), session)
        await client.identity()
        slack.refuse("chat.postMessage", word)
        with capture_logs() as lines:
            for _ in range(5):
                assert await client.call(POST) == Refused(word)
                assert await client.call(FILE) == Refused(word)
            with pytest.raises(SlackRefused, match=word):
                await client.replies(Thread("T1", "C1", "1.0"), before="2.0", limit=3)
        assert [call.method for call in slack.calls] == ["auth.test", "chat.postMessage"]
        [line] = lines
        assert (line["log_level"], line["reason"]) == ("error", word)
        assert "SLACK_BOT_TOKEN" in line["do"]
        assert client.admission.refusal == word


async def test_it_comes_back_by_itself() -> None:
    pauses = 0

    class Over(Exception):
        """The test has seen enough."""

    async def pause() -> None:
        nonlocal pauses
        pauses += 1
        if pauses == 4:
            raise Over

    async with LocalSlack() as slack, new_session() as session:
        client = SlackClient(web_client(slack.bot_token, slack.url, session), session)
        await client.identity()
        slack.refuse("chat.postMessage", "invalid_auth")
        slack.refuse("auth.test", "invalid_auth")
        await client.call(POST)
        with capture_logs() as lines, pytest.raises(Over):
            await client.come_back(pause)
        assert [line["event"] for line in lines] == ["token accepted again"]
        # One that is refused, one that is not; and then there is nothing to find out.
        assert [call.method for call in slack.calls[2:]] == ["auth.test", "auth.test"]
        assert isinstance(await client.call(POST), Refused)  # no such channel: it was asked
        assert slack.calls[-1].method == "chat.postMessage"


async def test_what_is_refused_at_the_start_is_the_start_s_to_tell() -> None:
    async with LocalSlack() as slack, new_session() as session:
        client = SlackClient(web_client("xoxb-wrong", slack.url, session), session)
        with capture_logs() as lines, pytest.raises(SlackRefused):
            await client.identity()
        assert lines == []
