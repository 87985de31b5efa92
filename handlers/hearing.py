"""Knows how a person's message becomes a question, whichever surface it came through."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.conversation import Question
from bot.desk import Desk, new_reference
from bot.errors import StoreUnavailable
from bot.reply.contract import Place
from bot.slack import wording
from bot.slack.payload import Heard, Wish, is_external, wish
from bot.thread import seconds

# A mention that was edited in counts while the message is young; later it would surprise those who have read on.
EDIT_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Manners:
    """How the bot behaves towards people: the settings of the same names."""

    command: str = "/flowise"
    follow_ups_without_mention: bool = True
    answers_external_people: bool = False


def claim_key(desk: Desk, heard: Heard) -> str:
    """One message is one question, whichever and however many events tell of it: events have ids of their own."""
    return f"{desk.identity.team}:{heard.channel}:{heard.ts}"


def place_of(heard: Heard) -> Place:
    """In the message's thread; a direct message is answered flat unless it stands in a thread."""
    thread_ts = heard.thread_ts if heard.in_thread else None
    if thread_ts is None and not heard.in_dm:
        thread_ts = heard.ts
    return Place(channel=heard.channel, thread_ts=thread_ts, user=heard.user)


def _ear(heard: Heard) -> Place:
    """Where one person alone is told something: Slack shows it in a thread only if the thread is there already."""
    return Place(channel=heard.channel, thread_ts=heard.thread_ts if heard.in_thread else None, user=heard.user)


def too_old_an_edit(desk: Desk, heard: Heard) -> bool:
    return heard.edited and desk.wall() - seconds(heard.ts) >= EDIT_SECONDS


async def take(desk: Desk, manners: Manners, heard: Heard, *, addressed: bool) -> None:
    """Claim a message and do what it asks for. `addressed`: the bot was mentioned, or is alone with the person."""
    place = place_of(heard)
    if not await desk.claim(claim_key(desk, heard), place):
        return
    if not manners.answers_external_people and is_external(heard.teams, desk.identity.organisations):
        if addressed:
            await desk.whisper(_ear(heard), wording.EXTERNAL)
        return
    if not is_external(heard.teams, desk.identity.organisations):
        place = replace(place, team=desk.identity.team)
    try:
        await _do(desk, manners, heard, place, addressed=addressed)
    except StoreUnavailable as error:
        await desk.fail(place, error)


async def _do(desk: Desk, manners: Manners, heard: Heard, place: Place, *, addressed: bool) -> None:
    thread = desk.thread(heard.channel, place.thread_ts or "")
    asked_for = wish(desk.without_mention(heard.text)) if addressed else Wish.ANSWER
    if asked_for is Wish.HELP or not heard.text:
        known = await desk.store.conversation(thread)
        if addressed and known is not None and known.quiet:
            await desk.store.set_quiet(thread, False, desk.wall())
        await _help(desk, manners, heard, place)
        return
    if asked_for is Wish.QUIET and not heard.in_dm:
        await desk.store.set_quiet(thread, True, desk.wall())
        await desk.tell(place, wording.QUIET)
        return
    if addressed and not heard.in_dm:
        # From now on the thread is ours, for what follows at once is a follow-up; and we are not quiet any more.
        await desk.store.set_quiet(thread, False, desk.wall())
    if asked_for is Wish.NEW_CONVERSATION:
        await desk.conversations.start_over(thread)
        await desk.tell(place, wording.NEW_CONVERSATION)
    else:
        await desk.answer(await _question(desk, heard, place))


async def _help(desk: Desk, manners: Manners, heard: Heard, place: Place) -> None:
    sentence = wording.only_files(heard.files) if heard.files else wording.usage(desk.identity.name, manners.command)
    if heard.in_dm:
        await desk.tell(place, sentence)
    else:
        await desk.whisper(_ear(heard), sentence)


async def _question(desk: Desk, heard: Heard, place: Place) -> Question:
    thread, reference = desk.thread(heard.channel, place.thread_ts or ""), new_reference()
    # Before the names are looked up: a follow-up that needs no look-up must not be answered first.
    await desk.conversations.queue_up(thread, reference, heard.ts)
    return Question(
        thread=thread,
        place=place,
        ts=heard.ts,
        text=await desk.plain(heard.text),
        reference=reference,
        notes=(wording.no_files(heard.files),) if heard.files else (),
        joins=heard.in_thread and not heard.in_dm,
    )
