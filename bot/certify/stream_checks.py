"""Checks what is assumed of Slack's own streaming: what it reads, how long it lasts, and what its messages become."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Final

from bot.certify.calls import UnseenError, WrongError, taken
from bot.certify.message_checks import RATING, Check
from bot.certify.report import Observed
from bot.certify.scene import Scene, blocks_of, has, holds, page_of
from bot.slack import wording_of_checks as wording
from bot.slack.calls import AppendStream, Refused, StopStream
from bot.slack.text.blocks import note, stop_button
from bot.slack.text.limits import STREAM_BYTES
from bot.slack.text.neutralise import shown
from bot.slack.verified import EDIT_WITHOUT_PREVIEW, STREAM_TO_RICH_TEXT

_MENTION = re.compile(r"<@[A-Z0-9]+")
_PARTS = 3


async def stream_to_rich_text(scene: Scene) -> Observed:
    """Whether a message that was streamed takes an edit into rich_text."""
    ts = await scene.streamed(shown(wording.LINKED), (note(wording.SAMPLE), RATING))
    await scene.edit(ts, page_of(wording.LINKED, (note(wording.SAMPLE), RATING)))
    blocks = blocks_of(await scene.read(ts))
    if not has(blocks, type="link", url=wording.ADDRESS):
        raise WrongError("the edit was taken, and has no link")
    if not has(blocks, type="feedback_buttons"):
        raise WrongError("the edit was taken, and the buttons are gone")
    return holds("the edit was taken, with its link and its buttons")


async def edit_without_preview(scene: Scene) -> Observed:
    """Whether that edit brings no preview."""
    ts = await scene.streamed(shown(wording.LINKED))
    await scene.edit(ts, page_of(wording.LINKED))
    return await scene.not_previewed(ts)


async def joiner_in_streams(scene: Scene) -> Observed:
    """Whether a mention that was broken mentions nobody: it would be the bot itself."""
    ts = await scene.streamed(shown(f"{wording.SAMPLE} <@{scene.identity.bot_user}>"))
    message = await scene.read(ts)
    blocks = blocks_of(message)
    written = (message.get("text"), *(block.get("text") for block in blocks))
    if has(blocks, type="user") or any(isinstance(text, str) and _MENTION.search(text) for text in written):
        raise WrongError("the mention is live")
    return holds("the mention is text")


async def code_without_preview(scene: Scene) -> Observed:
    """Whether an address in code has no preview."""
    return await scene.not_previewed(await scene.streamed(shown(f"{wording.SAMPLE} {wording.ADDRESS}")))


async def buttons_in_stream(scene: Scene) -> Observed:
    """Whether a running stream takes a button."""
    ts = await scene.stream(wording.GROWS)
    chunks = [{"type": "blocks", "blocks": [stop_button(wording.BUTTON, "certify")]}]
    arguments = {"channel": scene.channel, "ts": ts, "chunks": chunks}
    result = await scene.calls.raw("chat.appendStream", scene.channel, arguments)
    await scene.calls.make(StopStream(scene.channel, ts))
    taken(result, "the button")
    return holds("the button was taken")


async def stream_size(scene: Scene) -> Observed:
    """Whether the most text is taken that the bot streams into one message."""
    begins = f"{wording.GROWS} "
    ts = await scene.stream(begins)
    left = STREAM_BYTES - len(begins.encode())
    part = (wording.SAMPLE + " ") * (left // _PARTS // (len(wording.SAMPLE) + 1))
    results = [await scene.calls.make(AppendStream(scene.channel, ts, part)) for _ in range(_PARTS)]
    await scene.calls.make(StopStream(scene.channel, ts))
    for result in results:
        taken(result, "text in the stream")
    return holds(f"{len(begins.encode()) + _PARTS * len(part.encode())} bytes were taken")


async def stream_life(scene: Scene) -> Observed:
    """Whether a stream takes text as long as the bot gives it, and what becomes of it then."""
    ts = await scene.stream(wording.GROWS)
    await asyncio.sleep(scene.times.life)
    taken(await scene.calls.make(AppendStream(scene.channel, ts, f" {wording.SAMPLE}")), "text at that age")
    await asyncio.sleep(scene.times.over)
    last = await scene.calls.make(AppendStream(scene.channel, ts, f" {wording.SAMPLE}"))
    ages = f"{scene.times.life:g} s", f"{scene.times.life + scene.times.over:g} s"
    if not isinstance(last, Refused):
        taken(last, "text")
        await scene.calls.make(StopStream(scene.channel, ts))
        return holds(f"it still took text after {ages[1]}")
    try:
        await scene.edit(ts, page_of(wording.SAMPLE))
    except WrongError as error:
        raise WrongError(f"it had ended by itself, and then {error}") from None
    except UnseenError as error:
        raise UnseenError(f"it had ended by itself, and then {error}") from None
    return holds(f"it took text after {ages[0]}, had ended by itself after {ages[1]}, and took an edit")


STREAM_CHECKS: Final[Mapping[str, Check]] = {
    STREAM_TO_RICH_TEXT: stream_to_rich_text,
    EDIT_WITHOUT_PREVIEW: edit_without_preview,
    "joiner_in_streams": joiner_in_streams,
    "code_without_preview": code_without_preview,
    "buttons_in_stream": buttons_in_stream,
    "stream_size": stream_size,
    "stream_life": stream_life,
}
