"""Serves the slash command."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.conversation.question import Question
from bot.conversation.workspace_flow import WorkspaceFlow
from bot.errors import SlackUnavailable, StoreUnavailable
from bot.mailbox.lease import Lease
from bot.records.codec import decoded, encoded
from bot.records.form import FormEntry
from bot.records.thread import Item
from bot.reply.answer_buttons import answer_buttons
from bot.reply.contract import Place
from bot.slack import wording, wording_of_failures, wording_of_forms
from bot.slack.calls import Posted, Refused
from bot.slack.form_view import as_text, filled, form_view
from bot.slack.payload import Instruction, SlashCommand, command, instruction
from bot.slack.text.blocks import sentence_blocks
from bot.slack.views import Submission
from bot.workspace.work import reference_of
from bot.workspace.workspace import Workspace
from handlers import form, home, refusals, stop
from handlers.behaviour import Behaviour
from handlers.shown_question import show_question

log = structlog.get_logger(__name__)

SURFACE = "command"
FORM = "command_form"
"""The name of the modal."""
_NEW = frozenset({"new", "new conversation"})


@dataclass(frozen=True, slots=True)
class Typed:
    """What is stored of a command; `root` is the `ts` of its message, once that stands, `form` what was filled in.
    `flow` is the name of the flow that it was meant for, empty where the routes decide."""

    command: SlashCommand
    root: str = ""
    form: tuple[FormEntry, ...] = ()
    flow: str = ""


def register(app: AsyncApp, behaviour: Behaviour) -> None:
    """Listen to the command. Slack wants its acknowledgement within three seconds and never delivers it again, so it is
    stored first, and the work goes on behind it."""

    @app.command(re.compile(".*"))
    async def on_command(workspace: Workspace, ack: AsyncAck, body: Mapping[str, object]) -> None:
        typed = command(body)
        if typed.name not in {behaviour.command, *workspace.conversations.commands}:
            log.warning("unknown command received", command=typed.name, expected=behaviour.command)
            await ack(wording.other_command(behaviour.command))
            return
        if (refused := await _refused(workspace, typed)) is not None:
            await (ack(refused) if refused else ack())
            return
        word = workspace.without_mention(typed.text).lower()
        if word in {"", "help"}:
            await ack(**await _help(workspace, behaviour, typed))
        elif instruction(word) is Instruction.QUIET:
            in_dm = typed.channel.startswith("D")
            await ack(wording.ALWAYS_LISTENING if in_dm else wording.QUIET_ONLY_IN_THREADS)
        elif instruction(word) is Instruction.STOP:
            await ack(await _stopped(workspace, behaviour, typed))
        elif word in _NEW:
            await ack(await _new_conversation(workspace, typed))
        elif (replied := await home.reply(workspace, typed, word)) is not None:
            await ack(**replied)
        elif await _form_opened(workspace, typed):
            await ack()
        else:
            await _take_in(workspace, typed, ack)


async def _refused(workspace: Workspace, typed: SlashCommand) -> str | None:
    """What somebody is told who may not ask; None: they may. A command is used by people of this workspace alone."""
    try:
        found = await refusals.refusal(workspace, typed.user, typed.channel)
        return None if found is None else await workspace.in_time(workspace.access.told_now(typed.user, found))
    except StoreUnavailable as error:
        log.warning("command not stored", reason=str(error))
        return wording_of_failures.not_taken(workspace.asks)


async def _help(workspace: Workspace, behaviour: Behaviour, typed: SlashCommand) -> dict[str, Any]:
    """How to use the bot, with the flow's starter prompts as buttons."""
    usage, item = wording.usage(workspace.identity.name, behaviour.command), item_of(workspace, typed)
    flow = await _flow(workspace, typed)
    thread = workspace.thread(typed.channel, "")
    buttons = await flow.offers.to_begin_with(thread, item.reference, typed.user) if flow is not None else None
    shown = answer_buttons(buttons)
    return {"text": usage, "blocks": [*sentence_blocks(usage), *shown]} if shown else {"text": usage}


async def _flow(workspace: Workspace, typed: SlashCommand) -> WorkspaceFlow | None:
    """The flow that a command would be asked of, as far as that is known at once."""
    thread, text = workspace.thread(typed.channel, ""), workspace.without_mention(typed.text)
    finding = workspace.conversations.flow_at(thread, text=text, command=typed.name, user=typed.user)
    try:
        return await workspace.in_time(finding)
    except StoreUnavailable:
        return None


async def _stopped(workspace: Workspace, behaviour: Behaviour, typed: SlashCommand) -> str:
    if not _is_flat(workspace, typed.channel):
        return wording.STOP_ONLY_IN_THREADS
    try:
        return await stop.in_line(workspace, behaviour, workspace.thread(typed.channel, "").line, typed.user)
    except StoreUnavailable as error:
        log.warning("stop not noted", reason=str(error))
        return wording_of_failures.not_taken(workspace.asks)


async def _take_in(workspace: Workspace, typed: SlashCommand, ack: AsyncAck) -> None:
    item = item_of(workspace, typed)
    try:
        lease = await workspace.mailbox.accept(item)
    except StoreUnavailable as error:
        log.warning("command not stored", ref=item.reference, reason=str(error))
        await ack(wording_of_failures.not_taken(workspace.asks))
        return
    await ack()
    if lease is not None:
        workspace.begin(lease)


def item_of(workspace: Workspace, typed: SlashCommand, flow: str = "") -> Item:
    """A command waits in a line of its own until its message stands in the channel: nobody can follow up before."""
    team, now = workspace.identity.team, f"{workspace.wall():.6f}"
    reference = reference_of(team, "command", typed.trigger_id)
    thread = workspace.thread(typed.channel, "" if _is_flat(workspace, typed.channel) else f"command-{reference}")
    return Item(team, thread.line, reference, now, SURFACE, encoded(Typed(typed, flow=flow)))


async def _new_conversation(workspace: Workspace, typed: SlashCommand) -> str:
    if not typed.channel.startswith("D"):
        return wording.NEW_ONLY_IN_DM
    try:
        await workspace.conversations.chats.start_over(workspace.thread(typed.channel, ""))
    except StoreUnavailable as error:
        log.warning("conversation not started over", reason=str(error))
        return wording_of_failures.not_taken(workspace.asks)
    return wording.NEW_CONVERSATION


async def take(workspace: Workspace, lease: Lease) -> None:
    """Show the channel who asked what, and answer under it. Raises StoreUnavailable: to be done again; Unreadable."""
    kept = decoded(Typed, lease.item.heard)
    typed, root = kept.command, kept.root
    private = Place(channel=typed.channel, thread_ts=None, user=typed.user, response_url=typed.response_url)
    text = await workspace.plain(typed.text, typed.user)
    reference, ts = lease.item.reference, lease.item.ts
    is_flat = _is_flat(workspace, typed.channel)
    if root:
        await workspace.answering.answer(_question(workspace, kept, text, lease), lease)
        return
    regenerable = False
    match await show_question(workspace, lease, (typed.user, typed.user_name), text, channel=typed.channel):
        case None:
            return  # another process goes on with it
        case Posted(ts=posted) if is_flat:
            thread, ts = workspace.thread(typed.channel, ""), posted
            place = Place(typed.channel, None, typed.user, since=posted)
            lease.asks_again_as(_under(lease.item, kept, posted))
            regenerable = True
        case Posted(ts=posted):
            await _move(workspace, lease, kept, posted)
            return
        case Refused():
            # Alone with the asker, a conversation of its own: nobody can follow up where the bot may not post.
            thread, place = workspace.thread(typed.channel, f"command-{reference}"), private
        case result:
            error = SlackUnavailable(f"the question could not be posted: {result}")
            await workspace.sentences.fail(private, error, lease)
            return
    question = Question(thread, place, ts=ts, text=text, reference=reference, form=kept.form)
    question = replace(question, regenerable=regenerable, command=typed.name, wanted=kept.flow)
    await workspace.answering.answer(question, lease)


async def asked_anew(workspace: Workspace, lease: Lease, heard: str) -> Question | None:
    """The question of a command whose message stands, to be asked anew: nobody can edit it. Raises Unreadable."""
    kept = decoded(Typed, heard)
    text = await workspace.plain(kept.command.text, kept.command.user)
    return _question(workspace, kept, text, lease) if kept.root else None


def _question(workspace: Workspace, kept: Typed, text: str, lease: Lease) -> Question:
    """The question of a command whose message stands."""
    typed, root, is_flat = kept.command, kept.root, _is_flat(workspace, kept.command.channel)
    # A command is used by people of this workspace alone (Slack docs, Understanding Slack Connect).
    place = Place(typed.channel, None if is_flat else root, typed.user, team=workspace.identity.team, since=root)
    thread = workspace.thread(typed.channel, "" if is_flat else root)
    question = Question(thread, place, ts=root, text=text, reference=lease.item.reference, regenerable=True)
    return replace(question, form=kept.form, command=typed.name, wanted=kept.flow)


def _is_flat(workspace: Workspace, channel: str) -> bool:
    """Whether questions are answered outside threads there."""
    return channel.startswith("D") and not workspace.agent_view


async def _move(workspace: Workspace, lease: Lease, kept: Typed, root: str) -> None:
    """From now on the question waits in the thread under its message, where people may follow up."""
    thread = workspace.thread(kept.command.channel, root)
    item = replace(_under(lease.item, kept, root), line=thread.line, ts=root)
    moved = await workspace.mailbox.accept(item, opens=thread)
    if moved is not None:
        moved.look = lease.look
        workspace.begin(moved)


def _under(item: Item, kept: Typed, root: str) -> Item:
    """The same command, whose message stands."""
    return replace(item, heard=encoded(replace(kept, root=root)))


# The form that a flow begins with ------------------------------------------------------------------------------------


async def _form_opened(workspace: Workspace, typed: SlashCommand) -> bool:
    """Open the form at once for a command that begins a chat, where the form is known; whether it is open."""
    flow = await _flow(workspace, typed)
    shown = await flow.forms.known() if flow is not None else None
    if flow is None or shown is None:
        return False
    if _is_flat(workspace, typed.channel):
        try:
            known = await workspace.in_time(workspace.store.conversation(workspace.thread(typed.channel, "")))
        except StoreUnavailable:
            return False  # the command cannot be stored either, and says so
        if known is not None and known.remembers:
            return False
    about = [typed.channel, typed.user_name, typed.trigger_id, typed.response_url, typed.name]
    private = json.dumps([*about, flow.flow.noted.name])
    view = form_view(FORM, private, shown, await workspace.plain(typed.text, typed.user))
    return await form.opened(workspace, typed.trigger_id, view)


async def form_submitted(workspace: Workspace, _: Behaviour, sent: Submission) -> str | Mapping[str, str]:
    """Store a command with its form, once; returns why not, or what is wrong with which field.

    Raises StoreUnavailable: it is not known whether it was stored.
    """
    typed, flow = _typed_in(sent)
    shown = await form.current(workspace.conversations.flows.named(flow))
    if shown is None or typed is None:
        return wording_of_forms.FORM_GONE
    entries = filled(shown, sent)
    if isinstance(entries, dict):
        return entries
    # A command's text is as Slack gives it: escaped.
    text = html.escape(as_text(shown, entries), quote=False)
    typed = replace(typed, text=text)
    item = replace(item_of(workspace, typed), heard=encoded(Typed(typed, form=entries, flow=flow)))
    lease = await workspace.mailbox.accept(item)
    if lease is None:
        return wording_of_forms.FORM_SENT
    workspace.begin(lease)
    return ""


def _typed_in(sent: Submission) -> tuple[SlashCommand | None, str]:
    """The command that a form was opened for, without its text, and the name of the flow that wants it."""
    try:
        match json.loads(sent.private):
            case [str(channel), str(user_name), str(trigger), str(url), str(name), str(flow)]:
                return SlashCommand(channel, sent.user, user_name, "", trigger, url, name), flow
    except ValueError:
        pass
    return None, ""
