"""Reports which proxy each connection would use and which certificates are trusted, without connecting."""

from __future__ import annotations

import ipaddress

from yarl import URL

from bot.doctor.findings import About, Finding
from bot.errors import SettingsError
from bot.network.outgoing import Network, shown

NETWORK = About("Network")


def network(out: Network, addresses: dict[str, str]) -> list[Finding]:
    """All findings about reaching `addresses`, the URLs of Slack and Flowise by these names."""
    return [proxies(out, {name: URL(address) for name, address in addresses.items()}), certificates(out)]


def proxies(out: Network, addresses: dict[str, URL]) -> Finding:
    """The finding about the proxy that each address is reached through."""
    ways = {name: out.proxies.of(url) for name, url in addresses.items()}
    if not any(ways.values()):
        because = "" if not (out.proxies.http or out.proxies.https) else ", because of NO_PROXY or their scheme"
        return NETWORK.well("proxy", f"none: {' and '.join(addresses)} are reached directly{because}")
    facts = [
        f"{name} through {shown(proxy)} ({_setting(addresses[name])})" if proxy else f"{name} directly"
        for name, proxy in ways.items()
    ]
    proxied = [addresses[name] for name, proxy in ways.items() if proxy]
    near = list(dict.fromkeys(url.host or "" for url in proxied if _is_this_machine(url)))
    if near:
        do = f"Add {','.join(near)} to NO_PROXY: to the proxy, that address means its own machine."
        return NETWORK.warning("proxy", "; ".join(facts), do)
    return NETWORK.well("proxy", "; ".join(facts))


def certificates(out: Network) -> Finding:
    """The finding about SSL_CERT_FILE."""
    if out.ca_file is None:
        return NETWORK.well("certificates", "the system's certificate authorities are trusted")
    try:
        assert out.trusted is not None  # noqa: S101  # there is a file
    except SettingsError as error:
        do = "Set SSL_CERT_FILE to a file of certificates in PEM format, or remove it."
        return NETWORK.wrong("certificates", str(error), do)
    return NETWORK.well("certificates", f"the system's certificate authorities and those in {out.ca_file} are trusted")


def _setting(url: URL) -> str:
    return "HTTPS_PROXY" if url.scheme == "https" else "HTTP_PROXY"


def _is_this_machine(url: URL) -> bool:
    host = url.host or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
