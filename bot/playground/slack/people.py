"""Does what people do in a local Slack with their keyboard: they join channels, and write and edit messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from uuid import uuid4

from bot.playground.slack import envelopes, interactions
from bot.playground.slack.core import SlackCore
from bot.playground.slack.delivery import Delivered
from bot.playground.slack.message import File, Message, type_of
from bot.playground.slack.pings import mentions
from bot.playground.slack.rules import Refusal
from bot.playground.slack.typed import typed_blocks


class People:
    """Makes people and channels, and types as a person."""

    def __init__(self, core: SlackCore) -> None:
        self._core, self._workspace = core, core.workspace
        self._unheard: set[tuple[str, str]] = set()
        """Messages, by (channel, ts), that mention the app in a channel that it was not in."""

    def user(
        self, name: str, *, team: str | None = None, guest: bool = False, bot: bool = False, enterprise: str = ""
    ) -> str:
        """The id of the person of that name, made if need be. `team`: the id of another workspace, of the organisation
        `enterprise` if it is in a Grid; `guest`: of ours, but limited; `bot`: another app's bot."""
        return self._workspace.person(name, team, guest=guest, bot=bot, enterprise=enterprise).id

    def user_group(self, handle: str, members: Iterable[str] = ()) -> str:
        """The id of the user group of that handle, made if need be; it has these `members` from now on."""
        group = self._workspace.user_groups.setdefault(handle, self._workspace.new_id("S"))
        self._workspace.group_members[group] = sorted(members)
        return group

    def channel(
        self,
        name: str,
        *,
        members: Iterable[str] = (),
        bot_is_member: bool = True,
        shared: bool = False,
        private: bool = False,
    ) -> str:
        """The id of the channel of that name, made if need be. `shared`: with another organisation."""
        everybody = {*members, self._workspace.bot_user_id} if bot_is_member else set(members)
        kind = "group" if private else "channel"
        return self._workspace.open_channel(name, everybody, kind, shared=shared).id

    def archive(self, channel: str) -> None:
        self._workspace.archive(self._core.channel(channel))

    def dm(self, user: str) -> str:
        """The direct message between a person and the bot."""
        return self._workspace.direct(user).id

    async def say(
        self,
        user: str,
        channel: str,
        text: str,
        *,
        thread_ts: str | None = None,
        files: Iterable[str | tuple[str, bytes] | File] = (),
        attachments: Iterable[Mapping[str, object]] = (),
        app: str = "",
    ) -> str:
        """Write a message as a person; returns the `ts`. `text` is as on the wire (`&amp;`, `<@U…>`); `files` are
        names, with their bytes if they matter, or what `new_file` gave; `attachments` are such as Slack adds to a
        message, a forwarded one for example. `app` is the id of another app ("A…") that posts it: as its bot, or with
        that person's own token. Who writes in a channel joins it. Delivery to the app goes on in the background.

        Raises:
            LookupError: no such person, channel or thread.
        """
        self._core.join(user, channel)
        if thread_ts is not None:
            self._core.message(channel, thread_ts)
        message = Message(
            channel,
            self._workspace.new_ts(),
            user,
            text,
            self._workspace.clock(),
            thread_ts,
            blocks=typed_blocks(text),
            attachments=tuple(attachments),
            files=tuple(self._attached(file) for file in files),
            client_msg_id="" if app else str(uuid4()),
            app_id=app,
            bot_id=app and f"B{app[1:]}",
        )
        if self._is_unheard(message):
            self._unheard.add((channel, message.ts))
        return self._workspace.post(message).ts

    def _is_unheard(self, message: Message) -> bool:
        bot = self._workspace.bot_user_id
        return bot not in self._core.channel(message.channel).members and mentions(message.text, bot)

    def _attached(self, given: str | tuple[str, bytes] | File) -> File:
        if isinstance(given, File):
            return given
        name, content = (given, b"") if isinstance(given, str) else given
        return self.new_file(name, content)

    def new_file(self, name: str, content: bytes, *, is_stub: bool = False, **details: object) -> File:
        """Upload a file that is not shared yet. `details` stand in its object beside, or in place of, the usual."""
        file = File(self._workspace.new_id("F"), name, content, type_of(name), details, is_stub)
        self._workspace.files[file.id] = file
        return file

    def hold_file(self, file: File, wait: Callable[[], Awaitable[object]]) -> None:
        """Have whoever fetches the bytes of a file wait."""
        self._workspace.file_waits[file.id] = wait

    def delete_file(self, file: File) -> None:
        """Delete a file that stands in messages."""
        self._workspace.files.pop(file.id, None)

    async def edit(self, user: str, channel: str, ts: str, text: str) -> None:
        """Edit a message as its author: message_changed, and a fresh app_mention where it mentions the bot."""
        old = self._core.message(channel, ts)
        if old.user != user:
            raise LookupError(f"{user} has not written {ts}")
        mark = {"user": user, "ts": self._workspace.new_ts()}
        self._workspace.change(old, replace(old, text=text, blocks=typed_blocks(text), edited=mark))

    async def command(self, user: str, channel: str, command: str, text: str) -> Delivered:
        """Run a slash command as a person. Gives what the app replied within its three seconds, which the person sees;
        where it did not, `acked` is False and the person would see Slack's own `operation_timeout`. Where the reply is
        no message that Slack takes, `acked` is False and `reason` is "invalid_response".

        Raises:
            LookupError: no such person or channel, or a person of another organisation, who has no commands of ours.
        """
        self._core.join(user, channel)
        if self._workspace.people[user].team != self._workspace.team_id:
            raise LookupError(f"{user} is of another organisation and cannot use the app's commands")
        trigger = self._core.triggers.new(user)
        payload = interactions.command(self._workspace, self._core.channel(channel), user, command, text)
        payload |= {"response_url": self._core.responses.new(channel, user), "trigger_id": trigger}
        done = await self._core.outbox.once("slash_commands", payload)
        if done.payload and (done.payload.get("text") or done.payload.get("blocks")):
            try:
                self._core.responses.answer(channel, user, done.payload)
            except Refusal as refusal:
                self._workspace.blame(f"an answer to {command} is none: {refusal.word} {' '.join(refusal.details)}")
                return replace(done, acked=False, reason="invalid_response")
        return done

    def delete(self, channel: str, ts: str, *, user: str | None = None) -> None:
        """Delete a message, as an admin may, the app's own ones too; with `user`, as that person.

        Raises:
            LookupError: no such message, or it is not that person's own.
        """
        message = self._core.message(channel, ts)
        if user is not None and message.user != user:
            raise LookupError(f"{user} has not written {ts}")
        self._workspace.delete(message)

    def react(self, user: str, channel: str, ts: str, name: str, on: bool = True) -> None:
        """Add a person's reaction to a message, or remove it. `name` is without colons; twice is once.

        Raises:
            LookupError: no such person, channel or message.
        """
        self._core.join(user, channel)
        self._workspace.react(self._core.message(channel, ts), user, name, on=on)

    def invite(self, user: str, channel: str, who: str, *, prompt: str = "") -> None:
        """Add somebody to a channel, as a person who is in it: another person, or the app.

        `prompt` is the `ts` of the person's message under which Slack offered to invite the app, because it mentions
        the app and the app was not there: that mention is delivered then, once (Slack docs, app_mention).

        Raises:
            LookupError: no such people, channel or message, or the person is not in it, or has not written it.
        """
        asked = self._core.message(channel, prompt) if prompt else None
        if asked is not None and asked.user != user:
            raise LookupError(f"{user} has not written {prompt}")
        if who not in self._workspace.people:
            raise LookupError(f"there is no person {who}")
        place = self._core.channel(channel)
        if user not in place.members:
            raise LookupError(f"{user} is not in {channel}")
        if place.kind in {"im", "mpim"}:
            raise LookupError("Nobody can be added to a direct message")
        if self._workspace.people[who].team != self._workspace.team_id and not place.shared:
            raise LookupError("Somebody of another organisation can be in shared channels only")
        self._workspace.join(place, who)
        if asked is not None and who == self._workspace.bot_user_id and (channel, prompt) in self._unheard:
            self._unheard.discard((channel, prompt))
            for envelope in envelopes.accepted(
                self._workspace, asked, self._core.access.scopes, self._core.subscriptions
            ):
                self._core.outbox.event(envelope)

    def remove_bot(self, channel: str) -> None:
        """Remove the app from a channel."""
        self._workspace.leave(self._core.channel(channel), self._workspace.bot_user_id)
