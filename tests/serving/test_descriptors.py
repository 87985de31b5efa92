"""How file descriptors are shared out, for limits as numbers; and that it is seen when there are none."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator

import aiohttp
import pytest

from bot.playground.sandbox import Sandbox
from bot.serving.descriptors import can_open, most_connections, raise_soft_limit


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The limit as the last of a list, which setting it adds to."""
    found = [(1024, 4096)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: found[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, pair: found.append(pair))
    return found


@pytest.mark.parametrize(
    ("given", "raised"),
    [
        ((1024, 4096), (4096, 4096)),
        ((1024, 1_048_576), (65_536, 1_048_576)),
        ((1024, resource.RLIM_INFINITY), (65_536, resource.RLIM_INFINITY)),
        ((100_000, 1_048_576), (100_000, 1_048_576)),
        ((256, 256), (256, 256)),
        ((resource.RLIM_INFINITY, resource.RLIM_INFINITY), (resource.RLIM_INFINITY, resource.RLIM_INFINITY)),
    ],
)
def test_the_soft_limit_is_raised_as_far_as_it_is_of_use(
    limits: list[tuple[int, int]], given: tuple[int, int], raised: tuple[int, int]
) -> None:
    limits.append(given)
    raise_soft_limit()
    assert limits[-1] == raised


@pytest.mark.parametrize(
    ("soft", "predictions", "most"),
    [
        (65_536, 100, 512),
        (1024, 100, 512),
        (800, 100, 308),
        (256, 100, 64),
        (1024, 10_000, 256),
        (64, 1, 16),
        (-1, 9, 512),
    ],
)
def test_what_the_own_work_needs_is_kept_back(
    limits: list[tuple[int, int]], soft: int, predictions: int, most: int
) -> None:
    limits.append((soft, soft))
    assert most_connections(predictions) == most


@pytest.fixture
def used_up() -> Iterator[list[int]]:
    """A process that can open no more files, once the test has called for it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held: list[int] = []
    yield held
    for number in held:
        os.close(number)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def use_up(held: list[int]) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(name) for name in os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 2, hard))
    while True:
        try:
            held.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            return


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="it counts by /proc")
async def test_who_can_open_nothing_is_not_ready_and_comes_back(home: Sandbox, used_up: list[int]) -> None:
    async with home.bot() as bot, aiohttp.ClientSession() as session:

        async def ready() -> tuple[int, object]:
            async with session.get(f"http://127.0.0.1:{bot.port}/readyz") as answer:
                return answer.status, (await answer.json())["missing"]

        assert await ready() == (200, [])
        use_up(used_up)
        assert not can_open()
        assert await ready() == (503, ["file descriptors"])  # on the connection that stands
        while used_up:
            os.close(used_up.pop())
        assert await ready() == (200, [])
