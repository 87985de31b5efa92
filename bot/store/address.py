"""Parses REDIS_URL: one server, the Sentinels of one, or nodes of a Cluster.

    redis://user:password@host:6379/0                                     one server
    unix:///run/redis.sock?db=0                                           one server, by its socket
    redis+sentinel://user:password@host:26379,host2:26379/mymaster?db=0   master that the Sentinels report
    redis+cluster://user:password@host:6379,host2:6379                    a Cluster; one node is enough to find all

`rediss` in place of `redis` means TLS, for the Sentinels too. The user and password are those of the servers; Sentinels
with their own take the options `sentinel_username` and `sentinel_password` after the question mark. All other options
are redis-py's, such as `ssl_ca_certs`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

EXPECTED = "expected redis://, rediss:// or unix:// and an address; or redis+sentinel://, redis+cluster:// and several"

# Sentinel's port: Redis docs, High availability with Redis Sentinel.
_PORTS = {"sentinel": 26379, "cluster": 6379}


@dataclass(frozen=True, slots=True)
class Address:
    """Where Redis is. Each of `urls` is one server or node in redis-py's syntax, with credentials and options."""

    kind: Literal["server", "sentinel", "cluster"]
    urls: tuple[str, ...] = field(repr=False)
    service: str = ""
    """The master's name at the Sentinels; empty without Sentinels."""
    sentinel_username: str | None = None
    sentinel_password: str | None = field(default=None, repr=False)


def read(url: str) -> Address:
    """Parse a REDIS_URL.

    Raises:
        ValueError: it cannot be parsed. The text does not repeat it, because it may contain a password.
    """
    scheme, _, rest = url.partition("://")
    protocol, _, kind = scheme.partition("+")
    match kind:
        case "" if protocol in {"redis", "rediss", "unix"} and "+" not in scheme:
            _check(url)
            return Address("server", (url,))
        case "sentinel" | "cluster" if protocol in {"redis", "rediss"}:
            place, _, query = rest.partition("?")
            place, _, path = place.partition("/")
            credentials, at, hosts = place.rpartition("@")
            options = dict(parse_qsl(query))
            username, password = options.pop("sentinel_username", None), options.pop("sentinel_password", None)
            urls = tuple(
                f"{protocol}://{credentials}{at}{_with_port(host, _PORTS[kind])}/?{urlencode(options)}"
                for host in hosts.split(",")
            )
            for each in urls:
                _check(each)
            if kind == "cluster":
                if path or "db" in options or username or password:
                    raise ValueError(f"{EXPECTED}. A Cluster has database 0 alone, and no Sentinels")
                return Address("cluster", urls)
            if not path or "/" in path:
                raise ValueError(
                    "expected the master's name after Sentinel's addresses: redis+sentinel://host/mymaster"
                )
            return Address("sentinel", urls, unquote(path), username, password)
        case _:
            raise ValueError(EXPECTED)


def secrets(url: str) -> frozenset[str]:
    """Every password in a REDIS_URL, as written and decoded, even if the URL cannot be parsed."""
    rest = url.partition("://")[2]
    place, _, query = rest.partition("?")
    found = {place.rpartition("@")[0].partition(":")[2]}
    for option in query.split("&"):
        name, _, value = option.partition("=")
        if "password" in name:
            # In a query, a plus is a space.
            found |= {value, unquote(value.replace("+", " "))}
    return frozenset(found | {unquote(password) for password in found}) - {""}


def _with_port(host: str, port: int) -> str:
    # An IPv6 address contains colons, and is in brackets.
    return host if ":" in host.rpartition("]")[2] else f"{host}:{port}"


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        known = bool(parts.hostname or parts.path.strip("/"))
        _ = parts.port  # raises ValueError for an invalid port
    except ValueError:
        raise ValueError(EXPECTED) from None
    if not known:
        raise ValueError(EXPECTED)
