"""Asks the question of a button: one that a flow suggests after an answer, or to begin with. It is asked by whoever has
pressed, and everybody sees who that is."""

from __future__ import annotations

import html
from dataclasses import dataclass, replace

from bot.conversation.question import Question
from bot.errors import SlackRefused, SlackUnavailable
from bot.mailbox.lease import Lease
from bot.records.codec import decoded, encoded
from bot.records.form import FormEntry
from bot.records.thread import Item, question_of
from bot.reply.contract import Place
from bot.slack import wording
from bot.slack.calls import Posted, Refused
from bot.slack.payload import Press, SlashCommand, is_external
from bot.slack.text.answer_blocks import SUGGESTIONS
from bot.workspace.work import reference_of
from bot.workspace.workspace import Workspace
from handlers import command
from handlers.behaviour import Behaviour
from handlers.shown_question import show_question

SURFACE = "suggestion"


@dataclass(frozen=True, slots=True)
class StoredSuggestion:
    """What is stored of a suggestion that was pressed in a thread. `root` is the `ts` of the message that says who has
    asked it, once that stands; `teams` are the ids that Slack gave for that person's organisation. `form` is what was
    filled in for it later, `flow` the name of the flow that suggests it."""

    channel: str
    thread_ts: str
    user: str
    text: str
    teams: tuple[str, ...] = ()
    root: str = ""
    form: tuple[FormEntry, ...] = ()
    flow: str = ""


async def pressed(workspace: Workspace, _: Behaviour, press: Press) -> str:
    """Store the question, once for each who presses; returns what the person is told, empty for nothing.

    Raises StoreUnavailable: it is not known whether it was stored.
    """
    line, reference = question_of(press.value)
    # The value has been in Slack: what it names must be of this workspace, and of this place.
    is_here = workspace.has(line) and line.split(":")[1] == press.channel
    kept = await workspace.store.answers.kept(line, reference) if is_here else None
    suggested = dict(zip(SUGGESTIONS, kept.note.suggestions if kept else (), strict=False))
    if press.action not in suggested:
        return wording.NOT_KEPT
    item = _item(workspace, press, suggested[press.action], kept.note.flow if kept else "")
    opens = workspace.thread(press.channel, press.thread_ts) if item.surface == SURFACE else None
    lease = await workspace.mailbox.accept(item, opens=None if press.channel.startswith("D") else opens)
    if lease is not None:
        workspace.begin(lease)
    return ""


async def is_untaken(workspace: Workspace, press: Press) -> bool:
    """Whether still nobody has taken the question in, as far as the store tells. Raises StoreUnavailable."""
    item = _item(workspace, press, "")
    return await workspace.mailbox.progress(item.line, item.reference) is None


def _item(workspace: Workspace, press: Press, text: str, flow: str = "") -> Item:
    """The question as it is stored. Outside threads it is asked as by a command, which opens a thread."""
    team, (_, reference) = workspace.identity.team, question_of(press.value)
    name = reference_of(reference, press.action, press.user)
    if not press.thread_ts:
        # A command's text is as Slack gives it: escaped.
        escaped = html.escape(text, quote=False)
        typed = SlashCommand(press.channel, press.user, "", escaped, name, press.response_url)
        return replace(command.item_of(workspace, typed, flow), ts=press.ts)
    thread = workspace.thread(press.channel, press.thread_ts)
    stored = StoredSuggestion(press.channel, press.thread_ts, press.user, text, press.teams, flow=flow)
    return Item(team, thread.line, name, press.ts, SURFACE, encoded(stored))


async def take(workspace: Workspace, lease: Lease) -> None:
    """Say in the thread who asks what, and answer there. Raises StoreUnavailable: to be done again; Unreadable."""
    stored = decoded(StoredSuggestion, lease.item.heard)
    place = _place(workspace, stored)
    if not stored.root:
        asker, where = (stored.user, ""), {"channel": stored.channel, "thread_ts": stored.thread_ts}
        match await show_question(workspace, lease, asker, stored.text, **where):
            case None:
                return  # another process goes on with it
            case Posted(ts=root):
                stored, place = replace(stored, root=root), replace(place, since=root)
                lease.asks_again_as(replace(lease.item, heard=encoded(stored)))
            case Refused(error=code):
                await workspace.sentences.fail(place, SlackRefused("chat.postMessage", code), lease)
                return
            case result:
                error = SlackUnavailable(f"the question could not be posted: {result}")
                await workspace.sentences.fail(place, error, lease)
                return
    await workspace.answering.answer(await _question(workspace, stored, place, lease), lease)


async def asked_anew(workspace: Workspace, lease: Lease, heard: str) -> Question | None:
    """The question of a button that was pressed, to be asked anew: nobody can edit it. Raises Unreadable."""
    stored = decoded(StoredSuggestion, heard)
    return await _question(workspace, stored, _place(workspace, stored), lease) if stored.root else None


def _place(workspace: Workspace, stored: StoredSuggestion) -> Place:
    is_ours = not is_external(stored.teams, workspace.identity.organisations)
    team, since = workspace.identity.team if is_ours else "", stored.root or stored.thread_ts
    return Place(stored.channel, stored.thread_ts, stored.user, team=team, since=since)


async def _question(workspace: Workspace, stored: StoredSuggestion, place: Place, lease: Lease) -> Question:
    """The question of a suggestion whose message stands."""
    return Question(
        thread=workspace.thread(stored.channel, stored.thread_ts),
        place=place,
        ts=stored.root,
        text=stored.text,
        reference=lease.item.reference,
        joins=not stored.channel.startswith("D"),
        form=stored.form,
        wanted=stored.flow,
        regenerable=True,
        asker_is_external=await workspace.authors.is_outsider(stored.user, stored.teams),
    )
