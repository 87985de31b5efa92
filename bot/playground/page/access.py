"""Lets only those to the page who may see it: a browser on this machine that has the address, and no other page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "font-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
    )
)
"""What the page may load: its own files and nothing else. No script is made of text, whatever a message says."""

_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # the address is the key
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_NAMES = frozenset({"127.0.0.1", "localhost"})
_UNSAID = 80
"""The port of http, which a browser leaves out."""

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def guarded(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Refuse requests by another host name (DNS rebinding) or from another page; the token is in the path."""
    if not _is_ours(request):
        raise web.HTTPMisdirectedRequest(text="This playground answers at 127.0.0.1 and localhost only.\n")
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"http://{request.host}":
        raise web.HTTPForbidden(text="This playground answers its own page only.\n")
    return await handler(request)


def _is_ours(request: web.Request) -> bool:
    try:
        host = urlsplit(f"//{request.host}")
        port = host.port or _UNSAID
    except ValueError:
        return False
    own = request.transport.get_extra_info("sockname") if request.transport else None
    return host.hostname in _NAMES and own is not None and port == own[1] and not host.username


async def headed(_: web.Request, response: web.StreamResponse) -> None:
    """Add the security headers of the page to every response, errors too."""
    response.headers.update(_HEADERS)
