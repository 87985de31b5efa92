"""Files that people attached: what Slack says of them, and how their bytes are fetched, from its file host alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.playground.slack import LocalSlack
from bot.slack.addresses import Addresses
from bot.slack.client import SlackClient
from bot.slack.files import FileHost
from bot.slack.shared_files import FileKind, FileRefusedError, SharedFile, shared_file, shared_files
from bot.slack.wire import web_client
from tests.examples import examples

REAL, LOCAL, MIRROR = "https://slack.com/api/", "http://127.0.0.1:4321/api/", "https://slack.example.com/api/"


@pytest.mark.parametrize(
    ("api", "address", "may"),
    [
        (REAL, "https://files.slack.com/files-pri/T1-F1/a.png", True),
        (REAL, "https://slack.com/files-pri/T1-F1/a.png", False),
        (REAL, "https://hooks.slack.com/x", False),
        (REAL, "http://files.slack.com/x", False),
        (REAL, "https://files.slack.com.evil.example/x", False),
        (REAL, "https://files.slack.com@evil.example/x", False),
        (REAL, "https://drive.google.com/x", False),
        (LOCAL, "http://127.0.0.1:4321/files-pri/F1/a.png", True),
        (LOCAL, "https://files.slack.com/x", True),
        (LOCAL, "http://127.0.0.2:4321/x", False),
        (MIRROR, "https://slack.example.com/x", True),
        (MIRROR, "https://files.example.com/x", False),
        (REAL, "", False),
    ],
)
def test_where_the_token_goes_for_a_file(api: str, address: str, may: bool) -> None:
    assert (Addresses(api).objection_to_file(address) == "") is may


@pytest.mark.parametrize(
    ("given_", "kind"),
    [
        ({"mode": "hosted"}, FileKind.HOSTED),
        ({"mode": "snippet"}, FileKind.HOSTED),
        ({"mode": "tombstone"}, FileKind.GONE),
        ({"mode": "hidden_by_limit"}, FileKind.GONE),
        ({"file_access": "check_file_info"}, FileKind.STUB),
        ({"mode": "quip", "filetype": "quip"}, FileKind.CANVAS),
        ({"mode": "external", "filetype": "gdoc"}, FileKind.EXTERNAL),
        ({"is_external": True}, FileKind.EXTERNAL),
    ],
)
def test_where_the_bytes_are(given_: dict[str, object], kind: FileKind) -> None:
    assert shared_file({"id": "F1", **given_}).kind == kind.value


def test_a_voice_clip_is_known_by_its_subtype() -> None:
    clip = {"id": "F1", "name": "clip.m4a", "mimetype": "audio/mp4", "subtype": "slack_audio", "size": 5}
    assert shared_files([clip, clip, 7, {}]) == (SharedFile("F1", "clip.m4a", "audio/mp4", 5, is_clip=True),)


anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
KEYS = ("id", "name", "title", "mimetype", "size", "url_private", "mode", "filetype", "is_external", "user_team")


@settings(deadline=None, max_examples=examples(50))
@given(st.lists(st.dictionaries(st.sampled_from(KEYS), anything) | anything, max_size=4) | anything)
def test_whatever_stands_there_is_read(files: object) -> None:
    for file in shared_files(files):
        assert file.id.isalnum()
        assert file.size >= 0


# Their bytes


@pytest.fixture
async def host(
    session: aiohttp.ClientSession,
) -> AsyncIterator[Callable[[web.StreamResponse | bytes], Awaitable[tuple[FileHost, str]]]]:
    """Serves one answer; gives the host and the address of a file."""
    runners: list[web.AppRunner] = []

    async def serving(answer: web.StreamResponse | bytes) -> tuple[FileHost, str]:
        async def give(request: web.Request) -> web.StreamResponse:
            assert request.headers["Authorization"] == "Bearer xoxb-1"
            return web.Response(body=answer) if isinstance(answer, bytes) else answer

        app = web.Application()
        app.router.add_get("/file", give)
        runner = web.AppRunner(app)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return FileHost(session, "xoxb-1", Addresses(f"{url}/api/")), f"{url}/file"

    yield serving
    for runner in runners:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "kind", "body", "declared", "may_not", "is_gone"),
    [
        (200, "text/html", b"Sign in", "image/png", True, False),
        (200, "text/html", b"Sign in, please", "text/html", True, False),
        (404, "text/plain", b"", "image/png", False, True),
        (403, "text/plain", b"", "image/png", True, False),
        (302, "text/plain", b"", "image/png", False, False),
        (200, "image/png", b"far more than 20 bytes", "image/png", False, False),
    ],
)
async def test_what_is_not_the_file(
    host: Any, status: int, kind: str, body: bytes, declared: str, may_not: bool, is_gone: bool
) -> None:
    headers = {"Location": "https://evil.example/"} if status == 302 else {}
    files, url = await host(web.Response(status=status, body=body, content_type=kind, headers=headers))
    with pytest.raises(FileRefusedError) as refused:
        await files.content(SharedFile("F1", "a", declared, 20, url))
    assert (refused.value.may_not, refused.value.is_gone) == (may_not, is_gone)
    assert "xoxb" not in str(refused.value)


async def test_a_web_page_that_somebody_attached_is_a_file(host: Any) -> None:
    page = b"<!doctype html>mine"
    files, url = await host(web.Response(body=page, content_type="text/html"))
    assert await files.content(SharedFile("F1", "a.html", "text/html", len(page), url)) == page


async def test_the_local_slack_gives_bytes_to_a_token_that_may_read_them(
    slack: LocalSlack, client: SlackClient, session: aiohttp.ClientSession
) -> None:
    kept = slack.new_file("größe 1%.bin", bytes(range(256)))
    file = await client.file(kept.id)
    assert (file.name, file.size) == ("größe 1%.bin", 256)
    assert await client.content(file) == kept.content
    stranger = SlackClient(web_client("xoxb-other", slack.url, session), session)
    with pytest.raises(FileRefusedError) as refused:
        await stranger.content(file)
    assert refused.value.may_not
    with pytest.raises(FileRefusedError, match="address refused"):
        await client.content(replace(file, url="https://evil.example/x"))


async def test_many_files_at_once_are_all_fetched(slack: LocalSlack, client: SlackClient) -> None:
    kept = [slack.new_file(f"{number}.bin", bytes([number]) * 100_000) for number in range(20)]
    files = [await client.file(file.id) for file in kept]
    found = await asyncio.gather(*map(client.content, files))
    assert [bytes(content) for content in found] == [file.content for file in kept]
