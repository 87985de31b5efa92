"""Knows what to do with the slash command."""

from __future__ import annotations

import re
from collections.abc import Mapping

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.conversation import Question
from bot.desk import Desk, new_reference
from bot.errors import SlackUnavailable, StoreUnavailable
from bot.reply.contract import Place
from bot.slack import wording
from bot.slack.blocks import fallback, quoted_question
from bot.slack.calls import Posted, PostMessage, Refused, Result
from bot.slack.payload import Command, command
from handlers.hearing import Manners

log = structlog.get_logger(__name__)

_NEW = frozenset({"new", "new conversation"})


def register(app: AsyncApp, desk: Desk, manners: Manners) -> None:
    """Listen to the command. Slack wants its acknowledgement within three seconds, so the work goes on behind it."""

    @app.command(manners.command)
    async def on_command(ack: AsyncAck, body: Mapping[str, object]) -> None:
        typed = command(body)
        word = desk.without_mention(typed.text).lower()
        if word in {"", "help"}:
            await ack(wording.usage(desk.identity.name, manners.command))
        elif word in _NEW:
            await ack(await _new_conversation(desk, typed))
        else:
            await ack()
            desk.start(_ask(desk, typed), name="command")

    @app.command(re.compile(".*"))
    async def on_other_command(ack: AsyncAck, body: Mapping[str, object]) -> None:
        log.warning("a command that is not ours", command=body.get("command"), expected=manners.command)
        await ack(wording.other_command(manners.command))


async def _new_conversation(desk: Desk, typed: Command) -> str:
    if not typed.channel.startswith("D"):
        return wording.NEW_ONLY_IN_DM
    reference = new_reference()
    try:
        await desk.conversations.start_over(desk.thread(typed.channel, ""))
    except StoreUnavailable as error:
        log.warning("no new conversation", ref=reference, reason=str(error))
        return wording.failure(error, reference, partly=False)
    return wording.NEW_CONVERSATION


async def _ask(desk: Desk, typed: Command) -> None:
    private = Place(channel=typed.channel, thread_ts=None, user=typed.user, response_url=typed.response_url)
    if not await desk.claim(f"{desk.identity.team}:command:{typed.trigger_id}", private):
        return
    text = await desk.plain(typed.text)
    reference = new_reference()
    match await _post_root(desk, typed, text, reference):
        case Posted(ts=ts) if typed.channel.startswith("D"):
            thread, place = desk.thread(typed.channel, ""), Place(typed.channel, None, typed.user)
        case Posted(ts=ts):
            # A command is used by people of this workspace alone (Slack docs, Understanding Slack Connect).
            place = Place(typed.channel, ts, typed.user, team=desk.identity.team)
            thread = desk.thread(typed.channel, ts)
        case Refused():
            # Alone with the asker, a conversation of its own: nobody can follow up where the bot may not post.
            thread, place, ts = desk.thread(typed.channel, f"command-{reference}"), private, f"{desk.wall():.6f}"
        case result:
            await desk.fail(private, SlackUnavailable(f"the question could not be posted: {result}"))
            return
    await desk.answer(Question(thread=thread, place=place, ts=ts, text=text, reference=reference))


async def _post_root(desk: Desk, typed: Command, text: str, reference: str) -> Result:
    """Show the channel who asked what."""
    asker = await desk.slack.name(typed.user)
    if asker == typed.user:
        asker = typed.user_name or asker
    root = PostMessage(
        channel=typed.channel,
        text=fallback(f"{asker} asked: {text}"),
        blocks=quoted_question(asker, text),
        mark=f"{reference}-root",
    )
    result = await desk.post(root)
    if not isinstance(result, Posted):
        log.info("the question could not be posted", ref=reference, result=str(result))
    return result
