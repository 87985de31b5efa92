"""Who is let in by HTTP: the table of those who are not, and what a hostile sender with the right secret can do."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import hmac
import json
import logging
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from bot.playground.sandbox import Sandbox
from bot.serving.signatures import LARGEST_BODY, RejectedRequest, RequestGuard

SECRET = "0badc0ffee"
NOW = 1_700_000_000
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
BODY = b'{"type":"url_verification","challenge":"c"}'


def signed(body: bytes, stamp: object = NOW, *, secret: str = SECRET) -> dict[str, str]:
    digest = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(stamp), "X-Slack-Signature": f"v0={digest}"}


@pytest.fixture
async def address() -> AsyncIterator[str]:
    """A server with the door alone: it tells what came in, or the status of the refusal."""
    door = RequestGuard(SECRET, wall=lambda: NOW, patience=1.0)

    async def come(request: web.Request) -> web.Response:
        try:
            text, body = await door.admit(request)
        except RejectedRequest as refusal:
            return web.Response(status=refusal.status, text=str(refusal))
        return web.json_response([text, dict(body)])

    application = web.Application(client_max_size=LARGEST_BODY)
    application.router.add_post("/", come)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


async def sent(address: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
    # A body's own size is told beforehand or, in pieces, not at all.
    async with aiohttp.ClientSession() as session, session.post(address, data=body, headers=headers) as answer:
        return answer.status, await answer.text()


@pytest.mark.parametrize("stamp", [NOW, NOW - 300, NOW + 300])
async def test_what_slack_has_signed_is_let_in(address: str, stamp: int) -> None:
    status, text = await sent(address, BODY, JSON | signed(BODY, stamp))
    assert (status, json.loads(text)) == (200, [BODY.decode(), json.loads(BODY)])


async def test_a_form_and_a_form_with_a_payload_are_let_in(address: str) -> None:
    for body, found in [(b"ssl_check=1&token=t", {"ssl_check": "1", "token": "t"}), (b"payload=%7B%7D", {})]:
        status, text = await sent(address, body, FORM | signed(body))
        assert (status, json.loads(text)[1]) == (200, found)


GOOD = signed(BODY)
STAMP = {"X-Slack-Request-Timestamp": GOOD["X-Slack-Request-Timestamp"]}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        (STAMP, 401),
        ({"X-Slack-Signature": GOOD["X-Slack-Signature"]}, 401),
        (STAMP | {"X-Slack-Signature": ""}, 401),
        (STAMP | {"X-Slack-Signature": "v0=" + "0" * 64}, 401),
        (STAMP | {"X-Slack-Signature": GOOD["X-Slack-Signature"].replace("v0", "v1")}, 401),
        (STAMP | {"X-Slack-Signature": GOOD["X-Slack-Signature"].upper()}, 401),
        (STAMP | {"X-Slack-Signature": GOOD["X-Slack-Signature"] + "0"}, 401),
        (STAMP | {"X-Slack-Signature": "v0=\u00e9\u4e2d"}, 401),
        (signed(BODY, secret="another"), 401),
        (signed(BODY + b" "), 401),
        (signed(BODY, NOW - 301), 401),
        (signed(BODY, NOW + 301), 401),
        (signed(BODY, 0), 401),
        (signed(BODY, ""), 401),
        (signed(BODY, "soon"), 401),
        (signed(BODY, f"+{NOW}"), 401),
        (signed(BODY, -NOW), 401),
        (signed(BODY, f"{NOW}.0"), 401),
        (signed(BODY, "1_700_000_000"), 401),
        (signed(BODY, "\u0661\u0667"), 401),
        (signed(BODY, "9" * 5000), 401),
        (signed(BODY, "inf"), 401),
    ],
)
async def test_who_has_no_good_signature_is_401_and_never_500(
    address: str, headers: dict[str, str], status: int
) -> None:
    assert (await sent(address, BODY, JSON | headers))[0] == status


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "application/xml", ""])
async def test_other_kinds_of_bodies_are_not_read(address: str, kind: str) -> None:
    assert (await sent(address, BODY, GOOD | {"Content-Type": kind}))[0] == 415


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """50 MB, packed once."""
    return gzip.compress(b"0" * 50_000_000)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "gzip, gzip", "nonsense"])
async def test_a_compressed_body_is_not_unpacked(address: str, coding: str, bomb: bytes) -> None:
    port = int(address.rstrip("/").rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    headers = JSON | signed(bomb) | {"Content-Encoding": coding, "Content-Length": str(len(bomb))}
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\n" + b"".join(f"{k}: {v}\r\n".encode() for k, v in headers.items()))
    writer.write(b"\r\n" + bomb)
    status = (await reader.readline()).split()[1]
    writer.close()
    assert status in {b"400", b"415"}


async def test_a_body_that_is_too_large_is_413_before_it_is_read(address: str) -> None:
    port = int(address.rstrip("/").rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    headers = JSON | GOOD | {"Content-Length": str(LARGEST_BODY + 1)}
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\n" + b"".join(f"{k}: {v}\r\n".encode() for k, v in headers.items()))
    writer.write(b"\r\n{")  # and nothing more comes
    async with asyncio.timeout(5):
        assert (await reader.readline()).split()[1] == b"413"
    writer.close()


async def test_a_body_that_does_not_come_is_not_waited_for(address: str) -> None:
    port = int(address.rstrip("/").rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    headers = JSON | GOOD | {"Content-Length": str(len(BODY))}
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\n" + b"".join(f"{k}: {v}\r\n".encode() for k, v in headers.items()))
    writer.write(b"\r\n{")
    async with asyncio.timeout(5):
        assert (await reader.readline()).split()[1] == b"408"
    writer.close()


async def test_a_body_that_does_not_tell_its_size_is_read_up_to_the_limit(address: str) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(6):
            yield b" " * 1024 * 1024

    async with (
        aiohttp.ClientSession() as session,
        session.post(address, data=pieces(), headers=JSON | GOOD) as answer,
    ):
        assert answer.status == 413


DEEP = b"[" * 200_000
HOSTILE = {
    "deep": b'{"a":' + DEEP,
    "deep and closed": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "no text": b'{"type":"\xff\xfe"}',
    "huge number": b'{"event_time":' + b"9" * 10_000 + b"}",
    "cut": b'{"type":"event_callback"',
    "array": b"[]",
    "text": b'"x"',
    "null": b"null",
    "empty": b"",
    "event is text": b'{"type":"event_callback","event":"x"}',
    "event is an array": b'{"type":"event_callback","event":[]}',
    "event is null": b'{"type":"event_callback","event":null}',
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_what_is_signed_and_no_event_is_400(address: str, name: str) -> None:
    body = HOSTILE[name]
    assert (await sent(address, body, JSON | signed(body)))[0] == 400
    assert (await sent(address, body, JSON | signed(body, secret="x")))[0] == 401  # nothing was parsed before


@pytest.mark.parametrize("payload", [b"payload=", b"payload=[]", b"payload=" + DEEP, b"payload=%FF"])
async def test_a_form_with_a_payload_that_is_none_is_400(address: str, payload: bytes) -> None:
    assert (await sent(address, payload, FORM | signed(payload)))[0] == 400


# The whole bot --------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def reached(home: Sandbox) -> AsyncIterator[str]:
    async with home.bot(slack_app_token=None, slack_signing_secret=home.slack.signing_secret) as bot:
        home.slack.events_url = f"http://127.0.0.1:{bot.port}/slack/events"
        yield home.slack.events_url


@pytest.fixture
def quiet() -> Iterator[None]:
    """Bolt warns of each shape, in words that no test report can carry: halves of surrogate pairs."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def shapes(home: Sandbox) -> list[dict[str, object]]:
    """Envelopes of every wrong shape: each is let in, since Slack has signed it."""
    inner = {"user": home.ada, "channel": home.channel, "ts": "1.0", "text": f"{home.mention} x"}
    odd: list[object] = [None, 0, 1.5, True, "", "x", [], [[]], [{}], {}, {"id": {}}, 10**30, "\x00\ud83d"]
    ours: dict[str, object] = {"team_id": home.slack.team_id}
    found: list[dict[str, object]] = [{}, {"type": "event_callback"}, {"type": "event_callback", "event": {}}]
    for value in odd:
        keys = ("type", "subtype", "user", "channel", "channel_type", "ts", "thread_ts", "text", "files", "edited")
        for key in (*keys, "blocks", "bot_profile"):
            for kind in ("app_mention", "message"):
                event = inner | {"type": kind, "channel_type": "channel", "bot_id": "B1"} | {key: value}
                found.append({"type": "event_callback", "event": event})
        for key in ("type", "team_id", "enterprise", "enterprise_id", "team", "user", "authorizations", "event_id"):
            found += [{"type": "event_callback", "event": {"type": "app_mention"}, key: value}]
        for kind in ("block_actions", "view_submission", "shortcut", "message_action", "block_suggestion"):
            for key in ("actions", "view", "channel", "container", "message", "callback_id", "user", "response_urls"):
                found += [{"type": kind, key: value}]
        found += [{"command": value, "text": value, "trigger_id": "1"}, {"ssl_check": value}, {"challenge": value}]
    return [ours | envelope for envelope in found]


async def test_no_shape_is_500_or_leaves_a_dead_task(home: Sandbox, quiet: None) -> None:
    dead: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: dead.append(context))
    statuses: dict[int, int] = {}
    async with reached(home) as address, aiohttp.ClientSession() as session:
        with capture_logs() as lines:
            for envelope in shapes(home):
                body = json.dumps(envelope).encode()
                headers = JSON | signed(body, int(time.time()), secret=home.slack.signing_secret)
                async with session.post(address, data=body, headers=headers) as answer:
                    statuses[answer.status] = statuses.get(answer.status, 0) + 1
                    assert answer.status < 500, envelope
        assert [line for line in lines if line["log_level"] in {"error", "critical"}] == []
        root = await home.ask(f"{home.mention} still here?")
        await home.answered(root)
    assert dead == []
    assert set(statuses) <= {200, 400, 404}
    assert [prediction.question for prediction in home.flowise.predictions] == ["still here?"]


@pytest.mark.parametrize("sent", [b"", b"POST /slack/events HTTP/1.1\r\nHost: x\r\n"])
async def test_who_holds_connections_open_keeps_neither_slack_nor_the_probe_out(home: Sandbox, sent: bytes) -> None:
    home.connections = 16
    async with reached(home) as address:
        port = int(address.split(":")[2].partition("/")[0])
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(50)]
        for _, writer in held:
            writer.write(sent)
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/readyz") as answer:
            assert (answer.status, await answer.json()) == (200, {"ready": True})
        await home.answered(await home.ask(f"{home.mention} anybody there?"))
        for _, writer in held:
            writer.close()


async def test_a_flood_of_strangers_fills_no_log(home: Sandbox) -> None:
    async with reached(home) as address:
        with capture_logs() as lines:
            for _ in range(50):
                assert (await sent(address, BODY, JSON))[0] == 401
    assert len([line for line in lines if line["event"] == "request rejected"]) == 10


async def test_a_body_in_broken_chunks_is_400(home: Sandbox) -> None:
    async with reached(home) as address:
        port = int(address.split(":")[2].partition("/")[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        headers = JSON | signed(b"", int(time.time())) | {"Transfer-Encoding": "chunked"}
        writer.write(b"POST /slack/events HTTP/1.1\r\nHost: x\r\n")
        writer.write(b"".join(f"{k}: {v}\r\n".encode() for k, v in headers.items()) + b"\r\nZZ\r\n")
        assert (await reader.readline()).split()[1] == b"400"
        writer.close()


async def test_doubled_keys_are_read_as_the_last_one(home: Sandbox) -> None:
    async with reached(home) as address:
        body = b'{"type":"event_callback","event":{"type":"app_mention"},"type":"url_verification","challenge":"c"}'
        headers = JSON | signed(body, int(time.time()), secret=home.slack.signing_secret)
        assert await sent(address, body, headers) == (200, '{"challenge": "c"}')


async def test_the_address_is_made_sure_of_and_checked_for_those_alone_who_sign(home: Sandbox) -> None:
    async with reached(home) as address:
        for body, kind in [(BODY, JSON), (b"ssl_check=1&token=x", FORM)]:
            good = signed(body, int(time.time()), secret=home.slack.signing_secret)
            assert (await sent(address, body, kind | good))[0] == 200
            status, text = await sent(address, body, dict(kind))
            assert status == 401
            assert "challenge" not in text


@pytest.mark.parametrize("path", ["//evil.example", "/slack//evil.example/..", "/%2f%2fevil.example", "/slack/events/"])
async def test_nobody_is_sent_elsewhere(home: Sandbox, path: str) -> None:
    async with reached(home) as address, aiohttp.ClientSession() as session:
        url = address.removesuffix("/slack/events") + path
        for method in ("GET", "POST"):
            async with session.request(method, url, allow_redirects=False) as answer:
                assert answer.status in {404, 405}
                assert "Location" not in answer.headers
