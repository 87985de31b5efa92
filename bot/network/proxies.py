"""Chooses the proxy for a connection by HTTPS_PROXY, HTTP_PROXY and NO_PROXY, by one rule for all connections."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field

from yarl import URL

_TLS = frozenset({"https", "wss"})
_EVERYTHING = "*"
_SEPARATORS = re.compile(r"[,\s]+")
_WITH_PORT = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*):(?P<port>\d+)")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def proxy_url(value: str) -> URL:
    """Parse the address of an HTTP proxy; "proxy.example:3128" is one as well.

    Raises:
        ValueError: it is not one. The text does not repeat it, because it may contain a password.
    """
    expected = "expected the address of an HTTP proxy such as http://proxy.example.com:3128"
    try:
        url = URL(value if "://" in value else f"http://{value}")
        _ = url.port
    except ValueError:
        raise ValueError(expected) from None
    if url.scheme != "http":
        raise ValueError(f"{expected}; SOCKS and TLS to the proxy itself are not spoken")
    if not url.host or url.path not in {"", "/"} or url.query_string or url.fragment:
        raise ValueError(expected)
    return url


@dataclass(frozen=True, slots=True)
class _Direct:
    """An entry of NO_PROXY: a host with its subdomains, an address or a network; for one port or for all."""

    port: int | None
    name: str = ""
    network: Network | None = None

    def holds(self, url: URL) -> bool:
        if self.port is not None and self.port != url.port:
            return False
        hosts = {(host or "").lower().rstrip(".") for host in (url.host, url.raw_host)}
        if self.network is not None:
            return any(address in self.network for address in map(_address, hosts) if address is not None)
        return any(host == self.name or host.endswith(f".{self.name}") for host in hosts if self.name)


@dataclass(frozen=True, slots=True)
class Proxies:
    """The rule for all connections. `http` and `https` are addresses that `proxy_url` accepts; empty for none.

    `https` is for https and wss, `http` for http and ws. `no_proxy` lists what is reached directly, separated by commas
    or spaces: "example.com" (".example.com", "*.example.com") is that host and its subdomains; "192.0.2.7",
    "10.0.0.0/8", "::1" and "fd00::/8" are compared with addresses as written in a URL (no name is resolved); ":8443"
    after either limits it to that port; "*" is everything. Nothing else is exempt, not even this machine itself.
    """

    https: str = field(default="", repr=False)
    http: str = field(default="", repr=False)
    no_proxy: str = ""

    def of(self, url: URL) -> URL | None:
        """The proxy for a connection to `url`, with its user name and password; None for a direct connection."""
        value = self.https if url.scheme in _TLS else self.http
        if not value or self.leaves_out(url):
            return None
        return proxy_url(value)

    def leaves_out(self, url: URL) -> bool:
        """Whether NO_PROXY exempts `url`."""
        entries = [entry for entry in _SEPARATORS.split(self.no_proxy) if entry]
        return _EVERYTHING in entries or any(_direct(entry).holds(url) for entry in entries)


def _direct(entry: str) -> _Direct:
    found = _WITH_PORT.fullmatch(entry)
    host, port = (found["host"], int(found["port"])) if found else (entry, None)
    host = host.lower().strip("[]")
    try:
        return _Direct(port, network=ipaddress.ip_network(host, strict=False))
    except ValueError:
        return _Direct(port, name=host.removeprefix("*").strip("."))


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
