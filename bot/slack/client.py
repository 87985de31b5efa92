"""Knows Slack's Web API on the wire: one call, once, and what came back as a value."""

from __future__ import annotations

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TypeVar

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.errors import SlackRefused, SlackUnavailable
from bot.ports import Identity, Said
from bot.slack.calls import (
    Accepted,
    Call,
    DeleteMessage,
    Limited,
    Lost,
    Posted,
    PostEphemeral,
    PostMessage,
    Refused,
    Respond,
    Result,
    SetStatus,
    UpdateMessage,
    UploadFile,
    method_of,
)
from bot.slack.payload import mentions, plain
from bot.thread import Thread

log = structlog.get_logger(__name__)
T = TypeVar("T")

# Slack's word is that part of the work may have been done (Slack docs, errors of every method).
_MAY_HAVE_HAPPENED = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
# Design for one call a second and method where Slack does not say how long (Slack docs, Rate limits).
_DEFAULT_RETRY_AFTER = 1.0
_CALL_SECONDS = 15.0
_NAME_SECONDS = 3600.0
_NO_NAME_SECONDS = 60.0
_NAMES = 5_000
# conversations.replies gives a thread from its start, at most a thousand messages a page (Slack docs).
_REPLIES_PAGE = 1_000
_REPLIES_PAGES = 5
# Posts whose answer was lost, by mark; one that is never tried again must not be kept for ever.
_MOST_UNSURE = 1_000
# The same for files, which are kept with their content.
_MOST_UNSURE_FILES = 20
_MARK = "flowise_answer"
# The last two: slack_sdk stumbles over JSON that is no object, and over text that is no UTF-8.
_NO_ANSWER = (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError, OSError, AttributeError, ValueError)


def new_session() -> aiohttp.ClientSession:
    """The session for every Slack call; slack_sdk would open a connection for each call without one."""
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_CALL_SECONDS))


def web_client(token: str, base_url: str, session: aiohttp.ClientSession) -> AsyncWebClient:
    """slack_sdk's client without its retries: it would repeat a post whose answer was lost, and post twice."""
    return AsyncWebClient(token=token, base_url=base_url, session=session, retry_handlers=[])


class SlackClient:
    """`bot.ports.Slack` on one workspace's bot token."""

    def __init__(
        self, web: AsyncWebClient, session: aiohttp.ClientSession, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._web = web
        self._session = session
        self._clock = clock
        self._names: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._unsure: OrderedDict[str, None] = OrderedDict()
        self._shared: OrderedDict[UploadFile, str] = OrderedDict()
        self._bot_user = ""

    async def identity(self) -> Identity:
        """Who the token belongs to.

        Raises:
            SlackRefused: Slack refuses the token.
            SlackUnavailable: Slack does not answer.
        """
        answer = await self._ask("auth.test", {})
        identity = Identity(
            team=_string(answer, "team_id"),
            enterprise=_string(answer, "enterprise_id"),
            bot_id=_string(answer, "bot_id"),
            bot_user=_string(answer, "user_id"),
            name=_string(answer, "user"),
        )
        self._bot_user = identity.bot_user
        return identity

    async def call(self, call: Call) -> Result:
        match call:
            case PostMessage():
                return await self._post(call)
            case Respond():
                return await self._respond(call)
            case UploadFile():
                return await self._upload(call)
            case UpdateMessage(channel=channel, ts=ts, text=text, blocks=blocks):
                body = _body(channel=channel, ts=ts, text=text, blocks=list(blocks))
            case DeleteMessage(channel=channel, ts=ts):
                body = _body(channel=channel, ts=ts)
            case SetStatus(channel=channel, thread_ts=thread_ts, status=status):
                body = _body(channel_id=channel, thread_ts=thread_ts, status=status)
            case PostEphemeral(channel=channel, user=user, text=text, blocks=blocks, thread_ts=thread_ts):
                body = _body(channel=channel, user=user, text=text, blocks=list(blocks), thread_ts=thread_ts)
        return await self._make(method_of(call), body)

    # Posting once ---------------------------------------------------------------------------------------------------

    async def _post(self, call: PostMessage) -> Result:
        """Post; a post whose answer was lost is looked for before it is made again, so that none stands twice."""
        if call.mark in self._unsure:
            found = await self._find(call)
            if not isinstance(found, Refused):
                return found
        body = _body(
            channel=call.channel,
            thread_ts=call.thread_ts,
            text=call.text,
            blocks=list(call.blocks),
            unfurl_links=False,
            unfurl_media=False,
            metadata={"event_type": _MARK, "event_payload": {"mark": call.mark}} if call.mark else None,
        )
        result = await self._make("chat.postMessage", body)
        if not call.mark:
            return result
        if isinstance(result, Lost):
            self._unsure[call.mark] = None
            if len(self._unsure) > _MOST_UNSURE:
                self._unsure.popitem(last=False)
        else:
            self._unsure.pop(call.mark, None)
        return result

    async def _find(self, call: PostMessage) -> Result:
        """The message of a lost post: Posted, or Refused when it is not there, or Lost when Slack does not tell."""
        method = "conversations.replies" if call.thread_ts else "conversations.history"
        body = _body(channel=call.channel, ts=call.thread_ts, limit=100 if not call.thread_ts else _REPLIES_PAGE)
        try:
            answer = await self._ask(method, {**body, "include_all_metadata": True})
        except SlackUnavailable as error:
            return Lost(str(error))
        except SlackRefused as error:
            # Without the right to look, a second message is better than none.
            return Refused(error.code)
        for message in _messages(answer):
            metadata = message.get("metadata")
            payload = metadata.get("event_payload") if isinstance(metadata, Mapping) else None
            if isinstance(payload, Mapping) and payload.get("mark") == call.mark:
                self._unsure.pop(call.mark, None)
                return Posted(_string(message, "ts"), found=True)
        return Refused("not_found")

    # Files ----------------------------------------------------------------------------------------------------------

    async def _upload(self, call: UploadFile) -> Result:
        """Upload and share a file; one whose sharing was lost is looked for, and never uploaded a second time."""
        file_id = self._shared.get(call, "")
        if file_id:
            looked = await self._find_file(call, file_id)
            if not isinstance(looked, Refused):
                return looked
        else:
            sent = await self._send_file(call)
            if not isinstance(sent, str):
                return sent
            file_id = sent
        files = json.dumps([{"id": file_id, "title": call.title}])
        body = _body(files=files, channel_id=call.channel, thread_ts=call.thread_ts)
        result = await self._make("files.completeUploadExternal", body, form=True)
        if isinstance(result, Lost | Limited):
            self._shared[call] = file_id
            if len(self._shared) > _MOST_UNSURE_FILES:
                self._shared.popitem(last=False)
        else:
            self._shared.pop(call, None)
        return result

    async def _send_file(self, call: UploadFile) -> Result | str:
        """The id of a file that Slack has and nobody sees yet. Losing the answer of either step does no harm."""
        content = call.content.encode()
        # The two methods are called with forms, as slack_sdk does: the first takes no JSON.
        body: dict[str, object] = {"filename": call.name, "length": str(len(content))}
        try:
            answer = await self._web.api_call("files.getUploadURLExternal", data=body)
            url, file_id = answer.get("upload_url"), answer.get("file_id")
            if not isinstance(url, str) or not isinstance(file_id, str):
                return Lost("files.getUploadURLExternal: no address")
            async with self._session.post(url, data=content) as sent:
                if sent.status == 429:
                    return Limited(_seconds(sent.headers.get("Retry-After")))
                return file_id if sent.status == 200 else Lost(f"upload: {sent.status}")
        except SlackApiError as error:
            return _refusal(error.response)
        except _NO_ANSWER as error:
            return Lost(f"upload: {type(error).__name__}")

    async def _find_file(self, call: UploadFile, file_id: str) -> Result:
        """Accepted where a message has the file, Refused where none has or we may not look, Lost where not told."""
        method = "conversations.replies" if call.thread_ts else "conversations.history"
        body = _body(channel=call.channel, ts=call.thread_ts, limit=_REPLIES_PAGE if call.thread_ts else 100)
        try:
            answer = await self._ask(method, body)
        except SlackUnavailable as error:
            return Lost(str(error))
        except SlackRefused as error:
            return Refused(error.code)
        for message in _messages(answer):
            files = message.get("files")
            shared = files if isinstance(files, list) else []
            if any(isinstance(file, Mapping) and file.get("id") == file_id for file in shared):
                self._shared.pop(call, None)
                return Accepted()
        return Refused("not_found")

    # The wire -------------------------------------------------------------------------------------------------------

    async def _make(self, method: str, body: Mapping[str, object], *, form: bool = False) -> Result:
        data, json_body = (dict(body), None) if form else (None, dict(body))
        try:
            answer = await self._web.api_call(method, data=data, json=json_body)
        except SlackApiError as error:
            return _refusal(error.response)
        except _NO_ANSWER as error:
            return Lost(f"{method}: {type(error).__name__}")
        if method != "chat.postMessage":
            return Accepted()
        ts = answer.get("ts")
        return Posted(ts) if isinstance(ts, str) else Lost(f"{method}: no ts")

    async def _ask(self, method: str, params: dict[str, object]) -> Mapping[str, object]:
        """A reading call. Raises SlackRefused, SlackUnavailable (a rate limit counts as the latter)."""
        try:
            wire = {key: _param(value) for key, value in params.items()}
            answer = await self._web.api_call(method, http_verb="GET", params=wire)
        except SlackApiError as error:
            match _refusal(error.response):
                case Refused(error=code):
                    raise SlackRefused(method, code) from None
                case other:
                    raise SlackUnavailable(f"{method}: {other}") from None
        except _NO_ANSWER as error:
            raise SlackUnavailable(f"{method}: {type(error).__name__}") from None
        return answer.data if isinstance(answer.data, dict) else {}

    async def _respond(self, call: Respond) -> Result:
        body = {
            "response_type": "ephemeral",
            "text": call.text,
            "blocks": list(call.blocks),
        }
        try:
            async with self._session.post(call.response_url, json=body) as answer:
                if answer.status == 200:
                    return Accepted()
                if answer.status == 429:
                    return Limited(_seconds(answer.headers.get("Retry-After")))
                if answer.status >= 500:
                    return Lost(f"response URL: {answer.status}")
                return Refused((await answer.text())[:100])
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return Lost(f"response URL: {type(error).__name__}")

    # Reading --------------------------------------------------------------------------------------------------------

    async def replies(self, thread: Thread, *, before: str, limit: int) -> tuple[Said, ...]:
        earlier: list[Mapping[str, object]] = []
        cursor = ""
        for _ in range(_REPLIES_PAGES):
            params: dict[str, object] = {"channel": thread.channel, "ts": thread.thread_ts, "limit": _REPLIES_PAGE}
            params |= {"latest": before, "inclusive": False} | ({"cursor": cursor} if cursor else {})
            answer = await self._ask("conversations.replies", params)
            earlier = [*earlier, *(said for said in _messages(answer) if _earlier(said, before))][-limit:]
            cursor = _next_cursor(answer)
            if not cursor:
                break
        return tuple([said for message in earlier if (said := await self._said(message)) is not None])

    async def _said(self, message: Mapping[str, object]) -> Said | None:
        user, text = _string(message, "user"), _string(message, "text")
        if not text:
            return None
        names = {mentioned: await self.name(mentioned) for mentioned in mentions(text)}
        author = await self.name(user) if user else _string(message, "username") or "A bot"
        return Said(ts=_string(message, "ts"), author=author, text=plain(text, names))

    async def name(self, user: str) -> str:
        now = self._clock()
        known = self._names.get(user)
        if known and known[0] > now:
            return known[1]
        try:
            answer = await self._ask("users.info", {"user": user})
        except (SlackRefused, SlackUnavailable) as error:
            log.debug("no name for a user", user=user, reason=str(error))
            # Kept for a while too: the sign of life waits for names, and must not wait for each time-out again.
            return self._keep_name(user, known[1] if known else user, now + _NO_NAME_SECONDS)
        return self._keep_name(user, _display_name(answer.get("user")) or user, now + _NAME_SECONDS)

    def _keep_name(self, user: str, name: str, until: float) -> str:
        self._names[user] = (until, name)
        self._names.move_to_end(user)
        if len(self._names) > _NAMES:
            self._names.popitem(last=False)
        return name


def _body(**values: object) -> dict[str, object]:
    return {key: value for key, value in values.items() if value is not None}


def _param(value: object) -> object:
    # Query parameters know no booleans; Slack reads 1 and 0.
    return int(value) if isinstance(value, bool) else value


def _string(values: Mapping[str, object], key: str) -> str:
    value = values.get(key)
    return value if isinstance(value, str) else ""


def _messages(answer: Mapping[str, object]) -> list[Mapping[str, object]]:
    messages = answer.get("messages")
    return [message for message in messages if isinstance(message, Mapping)] if isinstance(messages, list) else []


def _next_cursor(answer: Mapping[str, object]) -> str:
    metadata = answer.get("response_metadata")
    return _string(metadata, "next_cursor") if isinstance(metadata, Mapping) else ""


def _earlier(message: Mapping[str, object], before: str) -> bool:
    # A `ts` is opaque but ordered as text: seconds and microseconds of fixed widths (Slack docs, messages).
    return _string(message, "ts") < before


def _display_name(user: object) -> str:
    if not isinstance(user, Mapping):
        return ""
    profile = user.get("profile")
    if isinstance(profile, Mapping) and (name := _string(profile, "display_name") or _string(profile, "real_name")):
        return name
    return _string(user, "real_name") or _string(user, "name")


def _refusal(response: object) -> Result:
    if not isinstance(response, AsyncSlackResponse):
        return Lost("no JSON")  # a proxy's page: slack_sdk hands over the bare response then
    status, headers = response.status_code, response.headers
    error = response.data.get("error") if isinstance(response.data, dict) else None
    code = error if isinstance(error, str) else ""
    if status == 429 or code in {"ratelimited", "rate_limited"}:
        return Limited(_seconds(headers.get("Retry-After") or headers.get("retry-after")))
    if status >= 500 or code in _MAY_HAVE_HAPPENED or not code:
        return Lost(f"{status} {code}".strip())
    return Refused(code)


def _seconds(value: object) -> float:
    try:
        return max(0.0, float(str(value)))
    except ValueError:
        return _DEFAULT_RETRY_AFTER
