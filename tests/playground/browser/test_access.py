"""Who may come to the page, asked over plain HTTP: by the right name, from the page itself, with the token."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from aiohttp import ClientSession, WSServerHandshakeError
from yarl import URL

from bot.store.embedded import EmbeddedValkey
from tests.playground.browser.stage import Stage, stage

TOKEN_LENGTH = len(secrets.token_urlsafe(24))
# What the page opens, what it asks, what it is told by, and files of the page.
PATHS = ("", "api/budget", "live", "page.js", "static/app/main.js", "files/F1/notes.txt")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def on(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """One playground for all of them, without a bot: nothing that is asked here changes it."""
    store = EmbeddedValkey(tmp_path_factory.mktemp("store"))
    async with stage(await store.start()) as built:
        yield built
    await store.stop()


def host_of(on: Stage) -> str:
    return urlsplit(on.url).netloc


async def status(url: str, method: str = "GET", **headers: str) -> int:
    async with ClientSession() as session, session.request(method, URL(url, encoded=True), headers=headers) as response:
        return response.status


def test_the_address_is_of_this_machine_and_holds_a_secret(on: Stage) -> None:
    parts = urlsplit(on.url)
    assert parts.hostname == "127.0.0.1"
    *_, place, token, end = parts.path.split("/")
    assert (place, len(token), end) == ("client", TOKEN_LENGTH, "")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "[::1"]
)
async def test_another_name_is_turned_away(on: Stage, path: str, host: str) -> None:
    port = str(urlsplit(on.url).port)
    assert await status(on.url + path, Host=host.format(port=port)) in {400, 421}


async def test_both_of_its_names_are_its_own(on: Stage) -> None:
    port = urlsplit(on.url).port
    assert await status(on.url) == 200
    assert await status(on.url, Host=f"localhost:{port}") == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1", "https://{host}", "file://"])
async def test_another_page_is_turned_away(on: Stage, path: str, origin: str) -> None:
    assert await status(on.url + path, Origin=origin.format(host=host_of(on))) == 403


async def test_another_page_may_not_write(on: Stage) -> None:
    before = len(on.slack.messages(on.general))
    assert await status(f"{on.url}api/say", "POST", Origin="https://evil.example") == 403
    assert await status(f"{on.url}api/say", "OPTIONS", Origin="https://evil.example") == 403
    assert len(on.slack.messages(on.general)) == before


@pytest.mark.parametrize("path", PATHS)
async def test_without_the_token_nothing_is_there(on: Stage, path: str) -> None:
    place, token, _ = on.url.rsplit("/", 2)
    for wrong in (token[:-1] + ("A" if token[-1] != "A" else "B"), token[:-1], token.swapcase(), "x", ""):
        assert await status(f"{place}/{wrong}/{path}") == 404


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:1", "null"])
async def test_no_other_page_may_listen(on: Stage, origin: str) -> None:
    async with ClientSession() as session:
        with pytest.raises(WSServerHandshakeError) as refused:
            await session.ws_connect(f"{on.url}live", origin=origin)
        assert refused.value.status == 403
        async with session.ws_connect(f"{on.url}live", origin=f"http://{host_of(on)}") as socket:
            assert (await socket.receive_json())["kind"] == "hello"


@pytest.mark.parametrize(
    "path", ["", "page.js", "static/app/main.js", "static/style/tokens.css", "api/budget", "nothing"]
)
async def test_every_answer_keeps_to_itself(on: Stage, path: str) -> None:
    async with ClientSession() as session, session.get(on.url + path) as response:
        headers = response.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["require-trusted-types-for"] == "'script'"


@pytest.mark.parametrize(
    "way", ["static/../page.py", "static/..%2fpage.py", "static/%2e%2e/page.py", "static//etc/passwd"]
)
async def test_no_other_file_is_served(on: Stage, way: str) -> None:
    assert await status(on.url + way) in {403, 404}


async def test_a_file_is_not_opened_as_a_page(on: Stage) -> None:
    slack = on.slack
    files = [("a.html", b"<script>alert(1)</script>"), ("b.svg", b"<svg onload='alert(1)'/>"), ("c.png", b"\x89PNG")]
    ts = await slack.say(on.sandbox.ada, on.general, "see", files=files)
    [message] = [message for message in slack.messages(on.general) if message.ts == ts]
    async with ClientSession() as session:
        for file, shown in zip(message.files, (False, False, True), strict=True):
            async with session.get(f"{on.url}files/{file.id}/{file.name}") as response:
                assert response.status == 200
                assert (response.content_type == "image/png") is shown
                assert (response.headers.get("Content-Disposition", "").startswith("attachment")) is not shown
                assert response.headers["X-Content-Type-Options"] == "nosniff"
