"""Checks what is assumed of messages: the forms of their blocks, size, edits, previews, and finding them again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias
from uuid import uuid4

from bot.certify.calls import UnseenError, WrongError, taken
from bot.certify.report import Observed
from bot.certify.scene import Scene, blocks_of, has, holds, page_of, same
from bot.errors import SlackRefused, SlackUnavailable
from bot.records.thread import Thread
from bot.slack import wording_of_checks as wording
from bot.slack.calls import SetStatus
from bot.slack.text.answer_blocks import rating_buttons
from bot.slack.text.blocks import fallback, note, plain
from bot.slack.text.limits import MESSAGE_BLOCK_TEXT
from bot.slack.text.pages import Page
from bot.slack.text.steps_blocks import plan_block, task
from bot.slack.wire import messages, next_cursor
from bot.slack.wording import BAD_ANSWER, GOOD_ANSWER, STATUS_NONE, STATUS_THINKING

Check: TypeAlias = Callable[[Scene], Awaitable[Observed]]
"""Looks at one assumption. Raises WrongError, UnseenError."""

RATING: Final = rating_buttons((GOOD_ANSWER, "certify"), (BAD_ANSWER, "certify"))
_SHORT_PAGE = 15


async def _reads_back(scene: Scene, page: Page, *, spaces: bool) -> Observed:
    read = await scene.read(await scene.post(page))
    if not same(page.blocks, blocks_of(read), spaces=spaces):
        raise WrongError("it was taken, and reads back otherwise")
    return holds("it was taken, and reads back as it was sent")


async def rich_text(scene: Scene) -> Observed:
    """Whether every shape of rich_text is taken."""
    return await _reads_back(scene, page_of(wording.RICH_TEXT), spaces=False)


async def table(scene: Scene) -> Observed:
    """Whether a table is taken."""
    return await _reads_back(scene, page_of(wording.TABLE), spaces=False)


async def blank_lines(scene: Scene) -> Observed:
    """Whether the line ends stay that make a blank line."""
    return await _reads_back(scene, page_of(wording.LIST), spaces=True)


async def emoji_by_name(scene: Scene) -> Observed:
    """Whether an emoji is taken by its name."""
    return await _reads_back(scene, page_of(wording.EMOJI), spaces=False)


async def message_size(scene: Scene) -> Observed:
    """Whether the most text is taken that the bot puts into one message."""
    text = (wording.SAMPLE + " ") * (MESSAGE_BLOCK_TEXT // (len(wording.SAMPLE) + 1))
    await scene.post(Page(plain(text), fallback(wording.SAMPLE)))
    return holds(f"{len(text)} characters were taken")


async def post_without_preview(scene: Scene) -> Observed:
    """Whether previews can be switched off."""
    return await scene.not_previewed(await scene.post(page_of(wording.LINKED)))


async def edit_unmarked(scene: Scene) -> Observed:
    """Whether an edit leaves no mark."""
    ts = await scene.post(page_of(wording.SAMPLE))
    await scene.edit(ts, page_of(wording.GROWS))
    if (await scene.read(ts)).get("edited"):
        raise WrongError("the message is marked as edited")
    return holds("the message is not marked as edited")


async def metadata_found(scene: Scene) -> Observed:
    """Whether a message is found by its metadata."""
    reference = f"certify{uuid4().hex[:12]}"
    await scene.post(page_of(wording.SAMPLE), mark=f"{reference}-0")
    thread = Thread(scene.identity.team, scene.channel, scene.root)
    try:
        found = await scene.calls.client.marked(thread, reference, since=scene.root)
    except (SlackRefused, SlackUnavailable):
        raise UnseenError("the thread could not be read") from None
    if len(found) != 1:
        raise WrongError("the message was not found")
    return holds("the message was found")


async def long_pages(scene: Scene) -> Observed:
    """Whether a thread is given in long pages. The run's own messages are some twenty by then."""
    where: dict[str, object] = {"channel": scene.channel, "ts": scene.root, "limit": 1_000}
    page = await scene.calls.ask("conversations.replies", where)
    count = len(messages(page))
    if count > _SHORT_PAGE:
        return holds(f"{count} messages came at a time")
    if next_cursor(page):
        raise WrongError(f"{count} messages came at a time")
    raise UnseenError(f"the thread has {count} messages only")


async def status_line(scene: Scene) -> Observed:
    """Whether a channel's thread takes a status line."""
    status = SetStatus(scene.channel, scene.root, STATUS_THINKING)
    taken(await scene.calls.make(status), "the status")
    taken(await scene.calls.make(SetStatus(scene.channel, scene.root, STATUS_NONE)), "removing the status")
    return holds("it was taken")


async def buttons_after_edit(scene: Scene) -> Observed:
    """Whether the buttons for a rating stay."""
    ts = await scene.post(page_of(wording.SAMPLE, (RATING,)))
    await scene.edit(ts, page_of(wording.GROWS, (RATING,)))
    if not has(blocks_of(await scene.read(ts)), type="feedback_buttons"):
        raise WrongError("the edit was taken, and the buttons are gone")
    return holds("the buttons stand")


async def plan_edited(scene: Scene) -> Observed:
    """Whether a plan can be edited, and be replaced."""
    growing, under = page_of(wording.GROWS), note(wording.STEP)
    plans = [plan_block(wording.PLAN, [task(1, wording.STEP, state)]) for state in ("in_progress", "complete")]
    ts = await scene.post(Page((*growing.blocks, plans[0]), growing.text))
    await scene.edit(ts, Page((*growing.blocks, plans[1]), growing.text))
    if not has(blocks_of(await scene.read(ts)), status="complete"):
        raise WrongError("the edit was taken, and the plan is as it was")
    await scene.edit(ts, Page((*growing.blocks, under), growing.text))
    return holds("it was edited, and replaced")


MESSAGE_CHECKS: Final[Mapping[str, Check]] = {
    check.__name__: check
    for check in (
        *(rich_text, table, blank_lines, message_size, emoji_by_name, post_without_preview, edit_unmarked),
        *(metadata_found, long_pages, status_line, buttons_after_edit, plan_edited),
    )
}
