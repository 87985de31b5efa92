"""Checks what is assumed of files, sockets, the Home tab, organisations, and of Slack's limits."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError

from bot.certify.assumptions import EDITS_A_MINUTE, RETRY_AFTER
from bot.certify.calls import UnseenError, WrongError, code, taken
from bot.certify.message_checks import Check
from bot.certify.report import Observed
from bot.certify.scene import Scene, holds, page_of
from bot.certify.thread import messages_in
from bot.errors import BotError
from bot.serving.socket_mode import open_connection
from bot.slack import wording_of_checks as wording
from bot.slack.calls import Refused, SendFile, ShareFile, Uploaded
from bot.slack.shared_files import FileRefusedError, SharedFile, shared_files
from bot.slack.views import plain
from bot.slack.wire import NO_ANSWER

DOCUMENTED_EDITS: Final = 50
"""Edits a minute in a workspace (Slack docs, chat.update)."""

MOST_EDITS: Final = 60
"""So many are tried: a few more than are documented."""

_GREETING_SECONDS = 10.0


async def _uploaded(scene: Scene) -> SharedFile:
    """A file of ours as the thread has it. Raises WrongError, UnseenError."""
    key = wording.FILE_NAME
    sent = taken(await scene.calls.make(SendFile(key, wording.FILE_NAME, wording.FILE.encode())), "the file")
    if not isinstance(sent, Uploaded):
        raise UnseenError("the file has no id")
    share = ShareFile(scene.channel, scene.root, key, sent.file_id, wording.FILE_TITLE)
    taken(await scene.calls.make(share), "sharing the file")
    for _ in range(3):  # Slack shares a file a moment later
        thread = await messages_in(scene.calls, scene.channel, scene.root)
        found = [file for message in thread for file in shared_files(message.get("files"))]
        if found := [file for file in found if file.id == sent.file_id]:
            return found[0]
        await asyncio.sleep(scene.times.preview)
    raise WrongError("the calls were taken, and no message has the file")


async def file_up(scene: Scene) -> Observed:
    """Whether a file comes to the thread."""
    await _uploaded(scene)
    return holds("the file stands in the thread")


async def file_down(scene: Scene) -> Observed:
    """Whether a file can be read."""
    try:
        file = await _uploaded(scene)
    except WrongError as error:
        raise UnseenError(f"there is no file to read: {error}") from None
    try:
        content = await scene.calls.client.content(file)
    except FileRefusedError as error:
        raise WrongError("a page to sign in came" if error.may_not else "the file could not be fetched") from None
    if bytes(content) != wording.FILE.encode():
        raise WrongError("other bytes came")
    return holds("the bytes are those that were sent")


async def socket_greets(scene: Scene) -> Observed:
    """Whether a connection begins with hello. It is closed at once: Slack sends again what it may have sent there."""
    if not scene.app_token:
        raise UnseenError("there is no SLACK_APP_TOKEN")
    try:
        address = await open_connection(scene.calls.web, scene.app_token)
        async with asyncio.timeout(_GREETING_SECONDS), scene.calls.session.ws_connect(address) as socket:
            first = await socket.receive_json()
    except TimeoutError:
        raise WrongError("nothing came") from None
    except (BotError, aiohttp.ClientError, TypeError, ValueError):
        raise UnseenError("no connection was made") from None
    if not isinstance(first, Mapping) or first.get("type") != "hello":
        raise WrongError("something else came first")
    return holds("hello came")


async def app_home(scene: Scene) -> Observed:
    """Whether a Home tab can be published. A hash that is nobody's keeps one that stands."""
    if not scene.person:
        raise UnseenError("no member of the channel is known")
    view = {"type": "home", "blocks": [{"type": "section", "text": plain(wording.HOME)}]}
    arguments = {"user_id": scene.person, "view": view, "hash": "0.certify"}
    result = await scene.calls.raw("views.publish", scene.channel, arguments, limited=False)
    if result == Refused("hash_conflict"):
        return holds("one stands already")
    taken(result, "the Home tab")
    return holds("it was taken")


async def siblings(scene: Scene) -> Observed:
    """Whether people name their organisation."""
    if not scene.identity.enterprise:
        raise UnseenError("the workspace belongs to no organisation")
    person = await scene.calls.client.person(scene.person) if scene.person else None
    if person is None:
        raise UnseenError("no member of the channel is known")
    if person.enterprise != scene.identity.enterprise:
        raise WrongError("another organisation is named, or none")
    return holds("the organisation is named")


async def edits_a_minute(scene: Scene) -> Observed:
    """How many edits a minute are taken. All bots of the workspace share them: none should be answering now."""
    count, told = await _burst(scene)
    scene.shares["chat.update"] = count / DOCUMENTED_EDITS
    if told is None:
        return holds(f"{count} edits were taken within a minute, and none was refused")
    if count < DOCUMENTED_EDITS:
        raise WrongError(f"{count} edits were taken within a minute")
    return holds(f"{count} edits were taken within a minute")


async def retry_after(scene: Scene) -> Observed:
    """Whether a call too many is told how long to wait."""
    count, told = await _burst(scene)
    if told is None:
        raise UnseenError(f"none of {count} edits was refused")
    if not (told.isascii() and told.isdecimal() and int(told) > 0):
        raise WrongError("a 429 came without a number of seconds")
    return holds("a 429 came with a number of seconds")


async def _burst(scene: Scene) -> tuple[int, str | None]:
    """Edit one message until Slack refuses, once a run: how many edits were taken, and the Retry-After that came then,
    empty where it was missing; None: none was refused. Raises UnseenError."""
    if scene.burst is None:
        scene.burst = await _edited_until_refused(scene)
    return scene.burst


async def _edited_until_refused(scene: Scene) -> tuple[int, str | None]:
    ts = await scene.post(page_of(wording.SAMPLE))
    await asyncio.sleep(scene.times.minute)  # what was called before does not count any more
    for number in range(MOST_EDITS):
        page = page_of(f"{wording.GROWS} {number}")
        try:
            # Past the budget: it keeps below what is to be seen.
            await scene.calls.web.chat_update(
                channel=scene.channel, ts=ts, text=page.text, blocks=[dict(block) for block in page.blocks]
            )
        except SlackApiError as error:
            status = getattr(error.response, "status_code", 0)
            if status != 429:
                told = error.response.get("error") if hasattr(error.response, "get") else ""
                raise UnseenError(f"an edit was refused: {code(str(told))}") from None
            headers: Mapping[str, str] = error.response.headers
            return number, headers.get("Retry-After") or headers.get("retry-after") or ""
        except NO_ANSWER:
            raise UnseenError("an edit got no usable answer") from None
    return MOST_EDITS, None


OTHER_CHECKS: Final[Mapping[str, Check]] = {
    "file_up": file_up,
    "file_down": file_down,
    "socket_greets": socket_greets,
    "app_home": app_home,
    "siblings": siblings,
}
LIMIT_CHECKS: Final[Mapping[str, Check]] = {EDITS_A_MINUTE: edits_a_minute, RETRY_AFTER: retry_after}
