"""Makes a question of a person's message, whichever surface it came through."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import assert_never

import structlog

from bot.conversation.question import Question
from bot.errors import SlackRefused, SlackUnavailable
from bot.mailbox.lease import Lease
from bot.records.codec import decoded, encoded
from bot.records.form import FormEntry
from bot.records.thread import Item, Thread
from bot.reply.contract import Place
from bot.slack import wording, wording_of_files, wording_of_quotes
from bot.slack.message_text import Quote
from bot.slack.messages import EarlierMessage
from bot.slack.payload import IncomingMessage, Instruction, instruction, is_external
from bot.slack.small_talk import is_small_talk
from bot.workspace.work import reference_of
from bot.workspace.workspace import Workspace
from handlers import refusals, stop
from handlers.behaviour import Behaviour
from handlers.intake import Intake

log = structlog.get_logger(__name__)

SURFACE = "message"
# A mention that was edited in counts while the message is young; later it would surprise those who have read on.
EDIT_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """What is stored of a message; `addressed` as in `intake_of`. `form` is what was filled in for it later."""

    message: IncomingMessage
    addressed: bool
    form: tuple[FormEntry, ...] = ()


def place_of(workspace: Workspace, message: IncomingMessage) -> Place:
    """In the message's thread; a direct message is answered flat unless it stands in a thread, or the bot is an
    agent."""
    thread_ts = message.thread_ts if message.in_thread else None
    if thread_ts is None and (workspace.agent_view or not message.in_dm):
        thread_ts = message.ts
    return Place(channel=message.channel, thread_ts=thread_ts, user=message.user, since=message.ts)


def _known_place(workspace: Workspace, message: IncomingMessage) -> Place:
    """As `place_of`, with the workspace of the person where that is ours."""
    place = place_of(workspace, message)
    is_ours = not is_external(message.teams, workspace.identity.organisations)
    return replace(place, team=workspace.identity.team) if is_ours else place


def _thread(workspace: Workspace, message: IncomingMessage) -> Thread:
    return workspace.thread(message.channel, place_of(workspace, message).thread_ts or "")


def _private_place(message: IncomingMessage) -> Place:
    """Where one person alone is told something: Slack shows it in a thread only if the thread is there already."""
    return Place(channel=message.channel, thread_ts=message.thread_ts if message.in_thread else None, user=message.user)


def is_mentioned(workspace: Workspace, message: IncomingMessage) -> bool:
    """Whether a message mentions the bot, and not only as code."""
    return workspace.identity.bot_user in message.mentioned


async def for_us(workspace: Workspace, message: IncomingMessage) -> Intake | None:
    """What a message of somebody who may ask holds for the bot, whichever event has told of it; None: nothing."""
    intake = await _intake(workspace, message)
    if intake is None:
        return None
    found = await refusals.refusal(workspace, message.user, message.channel, message.teams)
    if found is None:
        return intake
    if intake.addressed:
        refusals.tell(workspace, _private_place(message), found)
    return None


async def _intake(workspace: Workspace, message: IncomingMessage) -> Intake | None:
    if message.in_dm or is_mentioned(workspace, message):
        return intake_of(workspace, message, addressed=True)
    conversations, thread = workspace.conversations, workspace.thread(message.channel, message.thread_ts)
    if not (message.in_thread and conversations.may_follow_up) or message.calls_others:
        return None
    known = await workspace.store.conversation(thread)
    if known is None or known.quiet:  # the bot has not answered there, or was asked to be quiet
        return None
    if not conversations.follows_up(thread, known):
        return None
    return intake_of(workspace, message, addressed=False)


def intake_of(workspace: Workspace, message: IncomingMessage, *, addressed: bool) -> Intake:
    """What is stored of a message. `addressed`: the bot was mentioned, or is alone with the person.

    One message is one question, whichever and however many events tell of it: events have ids of their own.
    """
    team, place = workspace.identity.team, place_of(workspace, message)
    thread = workspace.thread(message.channel, place.thread_ts or "")
    item = Item(
        team=team,
        line=thread.line,
        reference=reference_of(team, message.channel, message.ts),
        ts=message.ts,
        surface=SURFACE,
        heard=encoded(StoredMessage(message, addressed)),
    )
    # From the moment it is stored the thread is ours, for what follows at once is a follow-up. Not so where Slack must
    # be asked first whose message it is.
    expected = addressed and not message.app
    is_question = expected and not message.in_dm and _asks(workspace, message)
    return Intake(item, place, opens=thread if is_question else None, addressed=expected)


def _asks(workspace: Workspace, message: IncomingMessage) -> bool:
    return _asked_for(workspace, message) in {Instruction.ANSWER, Instruction.NEW_CONVERSATION}


def _asked_for(workspace: Workspace, message: IncomingMessage, *, addressed: bool = True) -> Instruction:
    """What a message to the bot asks for. What is forwarded or attached without a word, or with a call for help, is a
    question; so is a message that is not addressed to it, but for the words that quiet or stop it and for one without
    any word."""
    asked_for = instruction(workspace.without_mention(message.text))
    if addressed:
        return Instruction.ANSWER if asked_for is Instruction.HELP and message.has_something else asked_for
    if not (message.text or message.has_something):
        return Instruction.HELP
    return asked_for if asked_for in {Instruction.QUIET, Instruction.STOP} else Instruction.ANSWER


async def take(behaviour: Behaviour, workspace: Workspace, lease: Lease) -> None:
    """Do what a message asks for, while it is ours.

    Raises StoreUnavailable: to be done again, from the beginning; and Unreadable.
    """
    if not await lease.may_write():
        return
    kept = decoded(StoredMessage, lease.item.heard)
    message, addressed = kept.message, kept.addressed
    thread = _thread(workspace, message)
    if not await workspace.authors.is_person(message, thread):
        log.info("post of an app ignored", ref=lease.item.reference, app=message.app)
        return
    place = _known_place(workspace, message)
    if addressed and (message.app or not place.team) and not message.in_dm and _asks(workspace, message):
        await workspace.store.set_quiet(thread, False, workspace.wall())  # only now the thread is known to be ours
    await _do(behaviour, workspace, kept, place, lease)


async def _do(behaviour: Behaviour, workspace: Workspace, kept: StoredMessage, place: Place, lease: Lease) -> None:
    """Do what a message of somebody who is answered asks for."""
    message, addressed = kept.message, kept.addressed
    thread = workspace.thread(message.channel, place.thread_ts or "")
    asked_for = _asked_for(workspace, message, addressed=addressed)
    match asked_for:
        case Instruction.HELP:
            await _help(workspace, behaviour, message, place, lease)
        case Instruction.QUIET:
            await _quiet(workspace, message, place, lease)
        case Instruction.STOP:
            await stop.said(workspace, behaviour, message.user, _private_place(message), lease)
        case Instruction.NEW_CONVERSATION:
            await workspace.conversations.chats.start_over(thread, since=message.ts)
            await workspace.sentences.tell(place, wording.NEW_CONVERSATION, lease)
        case Instruction.ANSWER:
            asks = addressed or not behaviour.ignores_small_talk
            if asks or not await _asks_nothing(workspace, message, thread, lease):
                question = await _question(workspace, message, place, lease)
                await workspace.answering.answer(replace(question, form=kept.form), lease)
        case _:
            assert_never(asked_for)


async def _quiet(workspace: Workspace, message: IncomingMessage, place: Place, lease: Lease) -> None:
    if message.in_dm:
        await workspace.sentences.tell(place, wording.ALWAYS_LISTENING, lease)
        return
    await workspace.store.set_quiet(workspace.thread(message.channel, place.thread_ts or ""), True, workspace.wall())
    await workspace.sentences.tell(place, wording.QUIET, lease)


async def _asks_nothing(workspace: Workspace, message: IncomingMessage, thread: Thread, lease: Lease) -> bool:
    """Whether nobody expects an answer to a follow-up; known once its turn has come, for the answer before it may end
    with a question. Raises StoreUnavailable."""
    if lease.opened.again or message.all_files or message.quotes or not is_small_talk(message.text):
        return False
    if not await workspace.answering.turn_came(lease):
        return True  # another process goes on with it
    known = await workspace.store.conversation(thread)
    if known is not None and known.asks:
        return False
    run = await workspace.store.run_on(thread.line, known.chat_id) if known is not None and known.chat_id else None
    if run is not None and run.awaits_decision:
        return False
    log.info("small talk ignored", ref=lease.item.reference)
    return True


async def _help(
    workspace: Workspace, behaviour: Behaviour, message: IncomingMessage, place: Place, lease: Lease
) -> None:
    thread = workspace.thread(message.channel, place.thread_ts or "")
    known = await workspace.store.conversation(thread)
    if known is not None and known.quiet:
        await workspace.store.set_quiet(thread, False, workspace.wall())
    sentence = wording.usage(workspace.identity.name, behaviour.command)
    if message.forwarded_files:
        sentence = f"{wording_of_files.forwarded(message.forwarded_files)} {wording_of_files.IN_WORDS}"
    elif message.quotes:
        sentence = wording.UNREADABLE_FORWARD
    flow = None if message.all_files else await workspace.conversations.flow_at(thread, user=message.user)
    reference, user = lease.item.reference, message.user
    buttons = await flow.offers.to_begin_with(thread, reference, user) if flow is not None else None
    if message.in_dm:
        await workspace.sentences.tell(place, sentence, lease, buttons=buttons)
    else:
        private = _private_place(message)
        await workspace.sentences.whisper(private, sentence, buttons=buttons, applies=lease.may_write)


async def asked_anew(workspace: Workspace, lease: Lease, heard: str) -> Question | None:
    """The question of a message, to be asked anew as it stands now; None where it is gone, or asks nothing any more.

    One that is being answered stays as it was asked, and so does a form. Raises Unreadable.
    """
    kept = decoded(StoredMessage, heard)
    message = kept.message if lease.was_asked else await _as_it_stands(workspace, kept.message)
    if message is None or _asked_for(workspace, message, addressed=kept.addressed) is not Instruction.ANSWER:
        return None
    question = await _question(workspace, message, _known_place(workspace, message), lease)
    return replace(question, form=kept.form)


async def _as_it_stands(workspace: Workspace, message: IncomingMessage) -> IncomingMessage | None:
    """A message as it was edited since; None where it is gone. Where Slack does not tell, it is as it was heard."""
    try:
        now = await workspace.slack.written(_thread(workspace, message), message.ts)
    except (SlackRefused, SlackUnavailable) as error:
        log.info("question not read anew", ts=message.ts, reason=str(error))
        return message
    if now is None:
        return None
    return replace(
        message,
        text=now.text,
        files=now.files,
        attached=now.attached,
        quotes=now.quotes,
        mentioned=now.mentioned,
        calls_group=now.calls_group,
    )


async def _question(workspace: Workspace, message: IncomingMessage, place: Place, lease: Lease) -> Question:
    quoted = [part for quote in message.quotes for part in (quote.author, quote.text)]
    text, *read = await workspace.all_plain([message.text, *quoted], message.user)
    return Question(
        thread=workspace.thread(message.channel, place.thread_ts or ""),
        place=place,
        text=text,
        ts=message.ts,
        reference=lease.item.reference,
        regenerable=True,
        notes=(wording_of_files.forwarded(message.forwarded_files),) if message.forwarded_files else (),
        joins=message.in_thread and not message.in_dm,
        asker_is_external=await workspace.authors.is_outsider(message.user, message.teams),
        quotes=tuple(map(_quoted, message.quotes, read[::2], read[1::2])),
        files=message.attached,
        teams=message.teams,
    )


def _quoted(quote: Quote, author: str, text: str) -> EarlierMessage:
    """A quote whose author and text are plain."""
    shown = "\n".join(filter(None, [text, wording_of_quotes.attached(quote.files)]))
    return EarlierMessage(author or (wording.SOMEBODY if quote.is_forward else ""), shown)
