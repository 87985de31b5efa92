"""Turns Flowise's refusals and reported errors into the errors of `bot.errors`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from bot.errors import (
    FlowiseError,
    FlowiseFailed,
    FlowiseRateLimited,
    FlowiseTooLarge,
    FlowiseUnreachable,
    FlowStartedElsewhere,
    KeyRefused,
    NotFlowise,
    RunState,
    UnknownChatflow,
)
from bot.flowise.json_text import read_json

# The most characters of Flowise's text that are logged: it may hold a whole prompt or page.
_LONGEST_TEXT = 500
_LONGEST_NOTICE = 300
_TAG = re.compile(r"<[a-z/!?]", re.IGNORECASE)

# "Error: predictionsServices.buildChatflow - Unauthorized" (measured on Flowise 3.1.4). A model's or tool's own
# refusal has more words around it.
_KEY_REFUSED = re.compile(r"(?:^|- )Unauthorized$")

# "Chatflow <id> not found", "Chatflow <id> not found in the database!", "Invalid Chatflow ID".
_UNKNOWN_CHATFLOW = re.compile(r"Chatflow \S+ not found|Invalid Chatflow", re.IGNORECASE)


# "This flow is configured as a Webhook Trigger. Call …", "… as a Scheduled Trigger. It is fired …" (Flowise 3.1.4).
_STARTED_ELSEWHERE = re.compile(r"This flow is configured as a (?:Webhook|Scheduled) Trigger\.")


@dataclass(frozen=True, slots=True)
class HttpReply:
    """An HTTP answer. `whole` is False where the body was longer than the limit and was cut."""

    status: int
    headers: Mapping[str, str]
    content_type: str
    body: bytes
    whole: bool = True

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def is_web_page(self) -> bool:
        """Whether it is a web page. Flowise sends plain refusals as text/html too, so the body decides."""
        return "html" in self.content_type and self.text.lstrip().startswith("<")

    def json(self) -> object:
        """The value of the body; None where it is no JSON."""
        if "json" not in self.content_type:
            return None
        try:
            return read_json(self.text)
        except ValueError:
            return None

    @property
    def message(self) -> str:
        """Flowise's own description of a failure: the `message` or `error` of the JSON, else empty."""
        body = self.json()
        if not isinstance(body, dict):
            return ""
        summary = body.get("message") or body.get("error")
        return summary if isinstance(summary, str) else ""


def names_unknown_chatflow(text: str) -> bool:
    """Whether a text of Flowise's says that the chatflow id is wrong."""
    return _UNKNOWN_CHATFLOW.search(text) is not None


def shortened(text: str) -> str:
    """Flowise's own text on one line, cut for the log."""
    return " ".join(text[: 4 * _LONGEST_TEXT].split())[:_LONGEST_TEXT]


def reported(text: str, run: RunState) -> FlowiseError:
    """The error that Flowise has reported in its own words: by an `error` event, or as the message of a failure."""
    summary = shortened(text)
    if _KEY_REFUSED.search(text.strip()):
        return KeyRefused(summary, run=RunState.NOT_STARTED)
    if names_unknown_chatflow(text):
        return UnknownChatflow(summary, run=RunState.NOT_STARTED)
    if _STARTED_ELSEWHERE.search(text):
        return FlowStartedElsewhere(summary, run=RunState.NOT_STARTED)
    return FlowiseFailed(summary, run=run)


def refusal(reply: HttpReply, retry_after: float | None) -> FlowiseError:
    """The error for an answer to a prediction that is neither a stream nor a JSON answer."""
    summary = f"HTTP {reply.status}: {shortened(reply.message or reply.text)}"
    if reply.status == 429:
        return FlowiseRateLimited(summary, retry_after=retry_after, notice=_notice(reply))
    if reply.status == 413:
        return FlowiseTooLarge(summary, run=RunState.NOT_STARTED)
    if reply.status == 401 or (reply.status == 403 and reply.message == "Forbidden"):
        return KeyRefused(summary, run=RunState.NOT_STARTED)
    if reply.status in (502, 503, 504) or (reply.status >= 500 and not reply.message):
        # A proxy before Flowise answers. It may have forwarded the request.
        return FlowiseUnreachable(summary, run=RunState.UNKNOWN)
    if reply.status >= 400 and reply.message:
        error = reported(reply.message, RunState.OVER)
        return error if not isinstance(error, FlowiseFailed) else _failed(reply, summary)
    return _no_flowise(reply, summary)


def _notice(reply: HttpReply) -> str:
    """The text that the chatflow's builder gave to its rate limit; empty where another program may have written it.

    Flowise's limiter names itself by this header, and a proxy's page has tags (measured on Flowise 3.1.4).
    """
    text = reply.message or ("" if "json" in reply.content_type else reply.text)
    is_flowise = any(name.lower() == "x-ratelimit-limit" for name in reply.headers)
    return " ".join(text[: 4 * _LONGEST_NOTICE].split()) if is_flowise and not _TAG.search(text) else ""


def _failed(reply: HttpReply, summary: str) -> FlowiseError:
    if reply.status == 404:
        return NotFlowise(summary, run=RunState.NOT_STARTED)
    # Flowise answers with a failure's JSON when the run has failed; below 500 none was started.
    return FlowiseFailed(summary, run=RunState.OVER if reply.status >= 500 else RunState.NOT_STARTED)


def stranger(reply: HttpReply) -> str:
    """What has answered in place of Flowise, in words for the operator; empty where only its text tells."""
    if 300 <= reply.status < 400:
        return f"HTTP {reply.status}: a redirect, which is not followed; to a login page, perhaps"
    if reply.status == 401:
        return "HTTP 401: something before Flowise wants a name and password"
    return f"HTTP {reply.status}: a web page; of a login, perhaps" if reply.is_web_page else ""


def _no_flowise(reply: HttpReply, summary: str) -> FlowiseError:
    if (300 <= reply.status < 400 or reply.is_web_page) and (what := stranger(reply)):
        return NotFlowise(what, run=RunState.NOT_STARTED)
    if 400 <= reply.status < 500 and reply.status not in (404, 405):
        return FlowiseFailed(summary, run=RunState.NOT_STARTED)
    return NotFlowise(summary, run=RunState.NOT_STARTED)


def seconds_to_wait(reply: HttpReply) -> float | None:
    """The seconds of the Retry-After header. It may hold a date by the server's clock (RFC 9110, 10.2.3)."""
    value = reply.headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        until, now = (parsedate_to_datetime(date) for date in (value, reply.headers.get("Date", "")))
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError):  # no dates, or only one of them with a time zone
        return None
