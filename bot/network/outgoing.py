"""Opens aiohttp sessions that use the proxies and trust the certificates named in the settings."""

from __future__ import annotations

import os
import ssl
from functools import cached_property
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from bot.errors import SettingsError
from bot.network.proxies import Proxies

# Statuses with which a proxy answers a plain HTTP request by itself: the first two without forwarding it, the others
# because it got no response.
_PROXY_REFUSALS = frozenset({403, 407, 502, 503, 504})


class Network:
    """How to connect. `ca_file` contains certificates to trust in addition to the system's."""

    def __init__(self, proxies: Proxies = Proxies(), ca_file: Path | None = None) -> None:  # noqa: B008  # it is frozen
        self.proxies = proxies
        self.ca_file = ca_file

    def session(
        self,
        *,
        timeout: aiohttp.ClientTimeout | None = None,
        cookie_jar: aiohttp.abc.AbstractCookieJar | None = None,
        middlewares: tuple[aiohttp.ClientMiddlewareType, ...] = (),
        **connector: Any,
    ) -> aiohttp.ClientSession:
        """A session, to be opened in a running event loop; `connector` are options of aiohttp's TCPConnector.

        Raises:
            SettingsError: SSL_CERT_FILE cannot be read.
        """
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self.trusted or True, **connector),
            cookie_jar=cookie_jar,
            timeout=timeout or aiohttp.ClientTimeout(),
            # Ours is the last, so that none overrides it: slack_sdk has a rule of its own, which ignores NO_PROXY.
            # aiohttp's (trust_env) supports no HTTPS_PROXY for WebSockets, no ports and no networks, and sends
            # passwords from ~/.netrc.
            middlewares=(*middlewares, self._through_proxy),
        )

    @cached_property
    def trusted(self) -> ssl.SSLContext | None:
        """The trusted certificates: the system's and those in `ca_file`. None if there is no such file.

        OpenSSL reads SSL_CERT_FILE too, but *instead* of the system's file, and without an error if it cannot.

        Raises:
            SettingsError: it cannot be read.
        """
        if self.ca_file is None:
            return None
        context, of_the_system = ssl.create_default_context(), ssl.get_default_verify_paths().openssl_cafile
        if os.path.isfile(of_the_system):
            context.load_verify_locations(of_the_system)
        try:
            context.load_verify_locations(self.ca_file)
        except ssl.SSLError:
            reason = "there are none in it"
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "no path"
        else:
            return context
        raise SettingsError(f"SSL_CERT_FILE: no certificates can be read ({reason}); expected a file in PEM form")

    async def _through_proxy(
        self, request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        proxy = self.proxies.of(request.url)
        if proxy is None:
            request.update_proxy(None, None, None)
            return await send(request)
        credentials = _credentials(proxy)
        # For a tunnel they are sent to the proxy only; a plain request has one set of headers for proxy and server.
        request.update_proxy(proxy.with_user(None), None, credentials if request.is_ssl() else None)
        if not request.is_ssl():
            request.headers.update(credentials)
        try:
            return await _proxied(request, send)
        except aiohttp.ClientHttpProxyError as error:
            error.message = why(error)  # which slack_sdk logs for a WebSocket
            raise


async def _proxied(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """The response to a proxied request. Raises aiohttp.ClientHttpProxyError if it is the proxy's own."""
    response = await send(request)
    if request.is_ssl() or response.status not in _PROXY_REFUSALS or response.content_type == "application/json":
        return response
    response.close()
    raise aiohttp.ClientHttpProxyError(
        response.request_info, response.history, status=response.status, headers=response.headers
    )


DIRECT = Network()
"""Without a proxy, with the system's certificates only."""


def export(ca_file: Path | None) -> None:
    """Set SSL_CERT_FILE for libraries that read only the environment: redis-py, through OpenSSL."""
    if ca_file is not None:
        os.environ["SSL_CERT_FILE"] = str(ca_file)


def _credentials(proxy: URL) -> dict[str, str]:
    if proxy.user is None:
        return {}
    return {"Proxy-Authorization": aiohttp.encode_basic_auth(proxy.user, proxy.password or "", "utf-8")}


def was_stopped(error: aiohttp.ClientHttpProxyError | aiohttp.ClientProxyConnectionError) -> bool:
    """Whether the request never left the proxy: it is unreachable, opened no tunnel or did not forward it."""
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return True
    return error.request_info.method == "CONNECT" or error.status in {403, 407}


def shown(proxy: URL) -> str:
    """The proxy's host and port, without user name and password."""
    return f"{proxy.host}:{proxy.port}"


def why(error: BaseException) -> str:
    """Why there was no response, in words for the log if the cause is known, otherwise the error's name."""
    match error:
        case aiohttp.ClientHttpProxyError(status=407):
            return "the proxy wants a name and password (HTTP 407)"
        case aiohttp.ClientHttpProxyError(status=status):
            return f"the proxy does not let us through (HTTP {status})"
        case aiohttp.ClientProxyConnectionError():
            return f"the proxy {error.host}:{error.port} cannot be reached"
        case aiohttp.ClientConnectorCertificateError(certificate_error=refusal):
            reason = getattr(refusal, "verify_message", "") or type(error).__name__
            return f"the certificate is not trusted: {reason}"
        case aiohttp.ClientConnectorError():
            return _unconnected(error)
    return type(error).__name__


def _unconnected(error: aiohttp.ClientConnectorError) -> str:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "the name is not known"
        case aiohttp.ClientConnectorSSLError():
            return "no TLS there; should https:// be http://?"
        case aiohttp.ClientConnectorError(os_error=OSError(errno=int(number))) if number > 0:
            return os.strerror(number).lower()
    return type(error).__name__
