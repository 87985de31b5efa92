"""Knows how a person's message becomes a question, whichever surface it came through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.conversation.question import Question
from bot.mailbox.lease import Lease
from bot.reply.contract import Place
from bot.slack import wording
from bot.slack.payload import IncomingMessage, Instruction, instruction, is_external
from bot.thread import Item
from bot.thread_codec import decoded, encoded
from bot.workspace.desk import Desk, reference_of
from handlers.intake import Intake

SURFACE = "message"
# A mention that was edited in counts while the message is young; later it would surprise those who have read on.
EDIT_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the bot behaves towards people: the settings of the same names."""

    command: str = "/flowise"
    follow_ups_without_mention: bool = True
    answers_external_people: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """What is stored of a message; `addressed` as in `letter`."""

    message: IncomingMessage
    addressed: bool


def place_of(heard: IncomingMessage) -> Place:
    """In the message's thread; a direct message is answered flat unless it stands in a thread."""
    thread_ts = heard.thread_ts if heard.in_thread else None
    if thread_ts is None and not heard.in_dm:
        thread_ts = heard.ts
    return Place(channel=heard.channel, thread_ts=thread_ts, user=heard.user, since=heard.ts)


def _ear(heard: IncomingMessage) -> Place:
    """Where one person alone is told something: Slack shows it in a thread only if the thread is there already."""
    return Place(channel=heard.channel, thread_ts=heard.thread_ts if heard.in_thread else None, user=heard.user)


def letter(desk: Desk, manners: Behaviour, heard: IncomingMessage, *, addressed: bool) -> Intake:
    """What is stored of a message. `addressed`: the bot was mentioned, or is alone with the person.

    One message is one question, whichever and however many events tell of it: events have ids of their own.
    """
    team, place = desk.identity.team, place_of(heard)
    thread = desk.thread(heard.channel, place.thread_ts or "")
    item = Item(
        team=team,
        line=thread.line,
        reference=reference_of(team, heard.channel, heard.ts),
        ts=heard.ts,
        surface=SURFACE,
        heard=encoded(Message(heard, addressed)),
    )
    # From the moment it is stored the thread is ours, for what follows at once is a follow-up.
    expected = addressed and not is_stranger(desk, manners, heard.teams)
    is_question = expected and not heard.in_dm and _asks(desk, heard)
    return Intake(item, place, opens=thread if is_question else None, addressed=expected)


def _asks(desk: Desk, heard: IncomingMessage) -> bool:
    return bool(heard.text) and instruction(desk.without_mention(heard.text)) in {
        Instruction.ANSWER,
        Instruction.NEW_CONVERSATION,
    }


def is_stranger(desk: Desk, manners: Behaviour, teams: Sequence[str]) -> bool:
    """Whether somebody is not answered, because these are the ids of another organisation."""
    return not manners.answers_external_people and is_external(teams, desk.identity.organisations)


async def take(desk: Desk, manners: Behaviour, lease: Lease) -> None:
    """Do what a message asks for, while it is ours.

    Raises StoreUnavailable: to be done again, from the beginning; and Unreadable.
    """
    if not await lease.may_write():
        return
    kept = decoded(Message, lease.item.heard)
    heard, addressed = kept.message, kept.addressed
    place = place_of(heard)
    if is_stranger(desk, manners, heard.teams):
        if addressed:
            await desk.answering.whisper(_ear(heard), wording.EXTERNAL, applies=lease.may_write)
        return
    if not is_external(heard.teams, desk.identity.organisations):
        place = replace(place, team=desk.identity.team)
    thread = desk.thread(heard.channel, place.thread_ts or "")
    asked_for = instruction(desk.without_mention(heard.text)) if addressed else Instruction.ANSWER
    if asked_for is Instruction.HELP or not heard.text:
        await _help(desk, manners, heard, place, lease)
    elif asked_for is Instruction.QUIET and not heard.in_dm:
        await desk.store.set_quiet(thread, True, desk.wall())
        await desk.answering.tell(place, wording.QUIET, lease)
    elif asked_for is Instruction.NEW_CONVERSATION:
        await desk.conversations.chats.start_over(thread)
        await desk.answering.tell(place, wording.NEW_CONVERSATION, lease)
    else:
        await desk.answering.answer(await _question(desk, heard, place, lease), lease)


async def _help(desk: Desk, manners: Behaviour, heard: IncomingMessage, place: Place, lease: Lease) -> None:
    thread = desk.thread(heard.channel, place.thread_ts or "")
    known = await desk.store.conversation(thread)
    if known is not None and known.quiet:
        await desk.store.set_quiet(thread, False, desk.wall())
    sentence = wording.only_files(heard.files) if heard.files else wording.usage(desk.identity.name, manners.command)
    if heard.in_dm:
        await desk.answering.tell(place, sentence, lease)
    else:
        await desk.answering.whisper(_ear(heard), sentence, applies=lease.may_write)


async def _question(desk: Desk, heard: IncomingMessage, place: Place, lease: Lease) -> Question:
    return Question(
        thread=desk.thread(heard.channel, place.thread_ts or ""),
        place=place,
        text=await desk.plain(heard.text),
        ts=heard.ts,
        reference=lease.item.reference,
        notes=(wording.no_files(heard.files),) if heard.files else (),
        joins=heard.in_thread and not heard.in_dm,
    )
