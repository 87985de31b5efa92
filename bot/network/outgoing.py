"""Opens aiohttp's sessions so that each goes through the proxy and trusts the certificates that the settings name."""

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

# What a proxy says of itself when it is asked in plain HTTP, where nobody else could have: the first two before it has
# asked anybody, the others because it got no answer.
_PROXY_REFUSALS = frozenset({403, 407, 502, 503, 504})


class Network:
    """How connections go out. `ca_file` holds certificates that are trusted besides the system's."""

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
        """A session, to be opened in a running loop; `connector` are options of aiohttp's TCPConnector.

        Raises:
            SettingsError: SSL_CERT_FILE cannot be read.
        """
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self.trusted or True, **connector),
            cookie_jar=cookie_jar,
            timeout=timeout or aiohttp.ClientTimeout(),
            # Ours is the last, directly before the wire, so that nobody has a say after it: slack_sdk has a rule of its
            # own, which knows no NO_PROXY. aiohttp's (trust_env) knows no HTTPS_PROXY for sockets, no ports and no
            # networks, and sends passwords of ~/.netrc along.
            middlewares=(*middlewares, self._through_proxy),
        )

    @cached_property
    def trusted(self) -> ssl.SSLContext | None:
        """Whom we trust: the system's authorities and those of `ca_file`. None where there is no such file.

        OpenSSL reads SSL_CERT_FILE as well, *instead* of the system's file, and says nothing where it cannot be read.

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
        # A tunnel's go to the proxy alone; a plain request has one head for the proxy and for whom it is handed on to.
        request.update_proxy(proxy.with_user(None), None, credentials if request.is_ssl() else None)
        if not request.is_ssl():
            request.headers.update(credentials)
        try:
            return await _proxied(request, send)
        except aiohttp.ClientHttpProxyError as error:
            error.message = why(error)  # what slack_sdk logs for a socket
            raise


async def _proxied(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """The answer to a request that has a proxy. Raises aiohttp.ClientHttpProxyError: it is the proxy's own."""
    response = await send(request)
    if request.is_ssl() or response.status not in _PROXY_REFUSALS or response.content_type == "application/json":
        return response
    response.close()
    raise aiohttp.ClientHttpProxyError(
        response.request_info, response.history, status=response.status, headers=response.headers
    )


DIRECT = Network()
"""Without a proxy, on the system's certificates alone."""


def export(ca_file: Path | None) -> None:
    """Let those libraries know the certificates that go by the environment alone: redis-py, by way of OpenSSL."""
    if ca_file is not None:
        os.environ["SSL_CERT_FILE"] = str(ca_file)


def _credentials(proxy: URL) -> dict[str, str]:
    if proxy.user is None:
        return {}
    return {"Proxy-Authorization": aiohttp.encode_basic_auth(proxy.user, proxy.password or "", "utf-8")}


def was_stopped(error: aiohttp.ClientHttpProxyError | aiohttp.ClientProxyConnectionError) -> bool:
    """Whether the request itself went nowhere: the proxy cannot be reached, made no tunnel or did not hand it on."""
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return True
    return error.request_info.method == "CONNECT" or error.status in {403, 407}


def shown(proxy: URL) -> str:
    """A proxy without its name and password."""
    return f"{proxy.host}:{proxy.port}"


def why(error: BaseException) -> str:
    """Why there was no answer, in words for the log where it is known who is to blame, else the error's name."""
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
    return type(error).__name__
