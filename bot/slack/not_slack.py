"""Tells whether what has answered a call may be Slack's Web API, or is another program at SLACK_API_URL."""

from __future__ import annotations

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

EXPECTED = "expected https://slack.com/api/, or the address of another server of Slack's Web API"
"""What SLACK_API_URL should be, where something else answers there."""

# A server, or what stands before it, that cannot do its work now (RFC 9110, 15.5 and 15.6; RFC 8470).
_FOR_NOW = frozenset({408, 425, 429})
# The two errors of a server by which it says that it will never do it: it knows no such verb, or no such HTTP.
_NEVER = frozenset({501, 505})
_UNKNOWN_METHOD = "unknown_method"


class RedirectRefusedError(aiohttp.ClientPayloadError):
    """The answer is a redirect, which was not followed: Slack redirects none of its methods."""


def why_not_slack(error: Exception) -> str:
    """Why what has answered is no Slack API, in words for the operator; empty where it may be one.

    It may be one where there was no answer, or one that says that the server fails for now: that is an outage.
    """
    match error:
        case SlackApiError(response=AsyncSlackResponse() as response):
            return _of_answer(response)
        case SlackApiError(response=aiohttp.ClientResponse() as bare):
            # slack_sdk hands over aiohttp's response where it could not read the JSON that was announced.
            return "" if _is_outage(bare.status) else f"HTTP {bare.status}, no JSON"
        case RedirectRefusedError():
            return str(error)
        case AttributeError():
            # slack_sdk takes what came with status 200 for an object.
            return "HTTP 200, no JSON object"
    # A subclass tells of the proxy, or of the handshake of a WebSocket.
    return "no HTTP" if type(error) is aiohttp.ClientResponseError else ""


def _of_answer(response: AsyncSlackResponse) -> str:
    data, status = response.data, response.status_code
    if isinstance(data, dict) and "ok" in data:
        return f"HTTP {status}, {_UNKNOWN_METHOD}" if data.get("error") == _UNKNOWN_METHOD else ""
    if _is_outage(status):
        return ""
    kind = str(response.headers.get("Content-Type") or "no content type").partition(";")[0].strip()
    return f"HTTP {status}, {kind}"


def _is_outage(status: int) -> bool:
    return status in _FOR_NOW or (status >= 500 and status not in _NEVER)
