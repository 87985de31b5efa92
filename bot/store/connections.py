"""Connects to Redis: one server, the master behind Sentinels, or a Cluster.

A client recovers by itself from whatever happens to Redis: the bot need not be restarted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, cast

from redis import DriverInfo
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.connection import SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import ExponentialBackoff
from redis.commands.core import AsyncScript
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, ReadOnlyError
from redis.exceptions import TimeoutError as RedisTimeoutError

from bot.errors import SettingsError
from bot.store import address
from bot.store.address import Address
from bot.store.requests import ERRORS, PATIENCE

# A command holds its connection for a few turns of the event loop, and with hundreds of streaming answers a turn takes
# tens of milliseconds. Of 300 requests within 1.2 s, 32 timed out with 32 connections, and none with 128.
_CONNECTIONS = 128
# Else each new connection has redis-py read its own version from the metadata of its package: a millisecond.
_DRIVER = DriverInfo()


def connect(url: str, *, patience: float = PATIENCE, retries: int = 2) -> Redis:
    """A client for a REDIS_URL (bot.store.address). Opens no connection yet.

    `patience` is how long one request may take, in seconds. redis-py's own policy is ten tries of five seconds and
    more, which would keep a person in Slack waiting long after the server is gone.

    Raises:
        SettingsError: the URL cannot be parsed. The text does not repeat it, because it may contain a password.
    """
    try:
        where = address.read(url)
    except ValueError as error:
        raise SettingsError(f"REDIS_URL: {error}") from None
    try:
        match where.kind:
            case "server":
                return _server(where, patience, retries)
            case "sentinel":
                return _by_sentinel(where, patience, retries)
            case "cluster":
                return _cluster(where, patience, retries)
    except (TypeError, ValueError, *ERRORS):
        raise SettingsError(f"REDIS_URL: {address.EXPECTED}, with options that redis-py knows") from None


class _Script(AsyncScript):
    """A script that is sent in full, and run at once, where the server does not have it yet.

    redis-py would load it first, in a Cluster on every master: a frozen one would keep it from all the others.
    """

    async def __call__(
        self, keys: Sequence[Any] | None = None, args: Iterable[Any] | None = None, client: Any = None
    ) -> Any:
        names, rest = keys or (), args or ()
        server = self.registered_client if client is None else client
        try:
            return await server.evalsha(self.sha, len(names), *names, *rest)
        except NoScriptError:
            return await server.eval(cast("str", self.script), len(names), *names, *rest)


class _Client(Redis):
    def register_script(self, script: Any) -> Any:
        return _Script(self, script)


def _told_when_reset(kind: type[Any]) -> type[Any]:
    """A subclass of a connection class that is marked as closed after a reset, so that redis-py opens a new one.

    uvloop raises a bare RuntimeError for a write to a transport that was reset; redis-py lets it through, and hands the
    connection to the next request.
    """

    class Told(kind):  # type: ignore[misc]  # a class by its value
        async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
            try:
                await super().send_packed_command(command, check_health)
            except RuntimeError:
                await self.disconnect(nowait=True)
                raise RedisConnectionError("the connection was reset") from None

    return Told


class _MasterPool(SentinelConnectionPool, BlockingConnectionPool):
    """The connections to the master that the Sentinels report; a request waits if none is free."""

    async def aclose(self) -> None:
        await super().aclose()
        await self.sentinel_manager.aclose()


class _FirstKey:
    """Finds a command's key in its first argument, where all commands that the store uses have it.

    redis-py asks the first master instead, for all commands at once, each time it looks up the slots. That is a long
    reply, and if this master is frozen it finds none of the others.
    """

    async def initialize(self, _: ClusterNode) -> None:
        pass

    async def get_keys(self, *command: Any) -> Sequence[Any]:
        return command[1:2]


class _ClusterClient(RedisCluster):
    """A Cluster client whose requests wait if all connections are in use: redis-py's own raises an error at once."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands_parser = cast("Any", _FirstKey())
        # At worst, all of them are to one node.
        self._room = asyncio.Semaphore(_CONNECTIONS)

    def register_script(self, script: Any) -> Any:
        return _Script(self, script)

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        async with self._room:
            await self.initialize()
            try:
                return await super().execute_command(*args, **options)
            except (AttributeError, RuntimeError):
                # When a node fails, redis-py closes its free connections, even one that was just handed out
                # ("NoneType has no attribute writelines": 1 of 40 requests in a failover of Redis 7). On uvloop, one
                # that was reset raises a RuntimeError.
                raise RedisConnectionError("closed while it was about to be used") from None

    async def aclose(self) -> None:
        await super().aclose()
        # redis-py leaves them open if its last reply from the Cluster was an error.
        await self.nodes_manager.aclose()
        await self.nodes_manager.aclose("startup_nodes")


def _limits(once: float, retries: int) -> dict[str, Any]:
    """The options of each connection; `once` is the time of one try in seconds."""
    # A connection to a master that became a replica stays open. It must be closed so that the name in the URL, which
    # now leads to the new master, is looked up again.
    again = (RedisConnectionError, RedisTimeoutError, ReadOnlyError)
    return {
        "socket_timeout": once,
        "socket_connect_timeout": once,
        "retry": Retry(ExponentialBackoff(cap=0.2, base=0.02), retries, supported_errors=again),
        "decode_responses": True,
        "driver_info": _DRIVER,
        # Bytes that are not UTF-8 are read as lone surrogates and written back unchanged: one damaged value must not
        # break the reply that contains it. bot.records.codec tells them from text.
        "encoding_errors": "surrogateescape",
    }


def _server(where: Address, patience: float, retries: int) -> Redis:
    # Two tries must fit into `patience`, or a lost reply could never be requested again.
    limits = _limits(patience * 0.45, retries)
    pool = BlockingConnectionPool.from_url(where.urls[0], max_connections=_CONNECTIONS, timeout=patience, **limits)
    pool.connection_class(**pool.connection_kwargs)  # validates the options in the URL; opens nothing
    pool.connection_class = _told_when_reset(pool.connection_class)
    return _Client.from_pool(pool)


def _by_sentinel(where: Address, patience: float, retries: int) -> Redis:
    hosts, options = _read(where)
    # A frozen Sentinel is skipped, and the next one must still have time to answer.
    limits = _limits(patience * 0.3, retries)
    tls = {name: value for name, value in options.items() if name.startswith("ssl")}
    credentials = {"username": where.sentinel_username, "password": where.sentinel_password}
    # redis-py left both constructors untyped.
    sentinels = cast("Any", Sentinel)(hosts, sentinel_kwargs=_limits(patience * 0.2, 0) | credentials | tls)
    size = {"max_connections": _CONNECTIONS, "timeout": patience}
    pool = cast("Any", _MasterPool)(where.service, sentinels, **limits | size | options)
    pool.connection_class(**pool.connection_kwargs)  # validates the options, as above
    pool.connection_class = _told_when_reset(pool.connection_class)
    return _Client.from_pool(pool)


def _cluster(where: Address, patience: float, retries: int) -> Redis:
    hosts, options = _read(where)
    limits = _limits(patience * 0.3, retries)
    client = _ClusterClient(
        startup_nodes=[ClusterNode(host, port) for host, port in hosts],
        # The host names in the URL are resolved again each time: all nodes may have been given new addresses.
        dynamic_startup_nodes=False,
        max_connections=_CONNECTIONS,
        **limits | options,
    )
    # It has all commands that the store uses, each of which concerns the keys of one slot.
    return cast("Redis", client)


def _read(where: Address) -> tuple[list[tuple[str, int]], dict[str, Any]]:
    """The hosts and ports, and the options that all of them share."""
    each = [cast("dict[str, Any]", parse_url(url)) for url in where.urls]
    hosts = [(options.pop("host"), options.pop("port")) for options in each]
    options = each[0]
    if options.pop("connection_class", None) is SSLConnection:
        options["ssl"] = True
    return hosts, options
