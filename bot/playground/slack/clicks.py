"""Does what people do in a local Slack with a click: buttons and menus, in messages and in views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.playground.slack import choices, envelopes, interactions
from bot.playground.slack import view_methods as viewing
from bot.playground.slack.choices import Json
from bot.playground.slack.core import SlackCore
from bot.playground.slack.delivery import Delivered
from bot.playground.slack.elements import Block, interactive, named
from bot.playground.slack.message import Message
from bot.playground.slack.rules import Refusal
from bot.playground.slack.views import View
from bot.playground.slack.wire import view_json

EVENT_OF_STOP = "agent_session_stopped"


class Clicks:
    """What is pressed, chosen, submitted and closed. Slack sends none of it twice."""

    def __init__(self, core: SlackCore) -> None:
        self._core, self._workspace = core, core.workspace

    async def press(self, user: str, channel: str, ts: str, label: str) -> Delivered:
        """Press the button of that label in a message, as a person.

        Raises:
            LookupError: no such person, channel or message, or no such button in it.
        """
        self._core.join(user, channel)
        message = self._core.message(channel, ts)
        for block, element in interactive(named(message.blocks)):
            if element["type"] == "button" and _label(element) == label:
                place = (str(block["block_id"]), str(element["action_id"]))
                return await self._in_message(user, message, place, {}, None)
        raise LookupError(f"there is no button {label!r} in {ts}")

    async def act(
        self,
        user: str,
        container: Mapping[str, str],
        block_id: str,
        action_id: str,
        action: Mapping[str, object],
        state: Mapping[str, object] | None = None,
    ) -> Delivered:
        """Use an element, as a person.

        `container` is {"type": "message", "channel", "ts"}, of an ephemeral message too, or {"type": "view",
        "view_id"}. `action` tells what was chosen in Slack's words: {"type", "selected_option": {…}} and the like;
        `state` is what all elements there hold, {"values": {block_id: {action_id: {…}}}}; untold: as they began.

        Raises:
            LookupError: no such person or place, or no such element in it.
            ValueError: that cannot be chosen in this element.
        """
        place = (block_id, action_id)
        if container.get("type") == "view":
            return await self._in_view(self._view(user, container.get("view_id", "")), place, action, state)
        message = self._seen(user, container.get("channel", ""), container.get("ts", ""))
        return await self._in_message(user, message, place, action, state)

    def _seen(self, user: str, channel: str, ts: str) -> Message:
        """A message that this person sees, which may be for them alone."""
        self._core.join(user, channel)
        for message in reversed(self._workspace.hidden):
            if (message.channel, message.ts, message.to) == (channel, ts, user):
                return message
        return self._core.message(channel, ts)

    def _view(self, user: str, view_id: str) -> View:
        view = self._workspace.views.find(view_id)
        if view is None or view.user != user:
            raise LookupError(f"{user} sees no view {view_id}")
        return view

    async def _in_message(
        self,
        user: str,
        message: Message,
        place: tuple[str, str],
        chosen: Mapping[str, object],
        state: Mapping[str, object] | None,
    ) -> Delivered:
        blocks = named(message.blocks)
        told = choices.state(blocks, choices.with_choice(state, place, chosen))
        payload = interactions.in_message(self._workspace, message, user, told)
        payload["response_url"] = self._core.responses.new(message.channel, user, message)
        return await self._acted(payload, user, blocks, place, chosen)

    async def _in_view(
        self, view: View, place: tuple[str, str], chosen: Mapping[str, object], state: Mapping[str, object] | None
    ) -> Delivered:
        told = choices.state(view.blocks, choices.with_choice(state, place, chosen))
        payload = interactions.in_view(self._workspace, view, told)
        return await self._acted(payload, view.user, view.blocks, place, chosen)

    async def _acted(
        self, payload: Json, user: str, blocks: list[Block], place: tuple[str, str], chosen: Mapping[str, object]
    ) -> Delivered:
        payload["actions"] = [interactions.acted(self._workspace, blocks, place, user, chosen)]
        payload["trigger_id"] = self._core.triggers.new(user)
        return await self._core.outbox.once("interactive", payload)

    # ── views as a whole ──

    async def submit(self, user: str, view_id: str, state: Mapping[str, object]) -> Delivered:
        """Submit a modal as a person, and follow the app's answer: the view closes, or changes, or another opens.

        What is not filled in as it must be is not sent: `acked` is False then, `reason` is "incomplete", and `errors`
        tells what is wrong, as where the app itself finds faults. Where the answer is one that Slack does not take,
        `acked` is False and `reason` is "invalid_response".

        Raises:
            LookupError: the person has no such modal open.
            ValueError: the state has what cannot be chosen.
        """
        view = self._view(user, view_id)
        if view.body["type"] != "modal":
            raise LookupError(f"{view_id} is no modal")
        told = choices.state(view.blocks, state)
        errors = choices.missing(view.blocks, told)
        if errors:
            answer = {"response_action": "errors", "errors": errors}
            return Delivered(acked=False, reason="incomplete", payload=answer, attempts=0)
        payload = interactions.interaction(self._workspace, "view_submission", user)
        payload |= {"view": view_json(self._workspace, view, told), "response_urls": []}
        payload["trigger_id"] = self._core.triggers.new(user)
        done = await self._core.outbox.once("interactive", payload)
        return self._answered(view_id, done) if done.acked else done

    def _answered(self, view_id: str, done: Delivered) -> Delivered:
        view = self._workspace.views.find(view_id)
        if view is None:
            return done
        try:
            self._follow(view, done.payload or {})
        except Refusal as refusal:
            self._workspace.blame(f"an answer to view_submission is none: {refusal.word} {' '.join(refusal.details)}")
            return replace(done, acked=False, reason="invalid_response")
        return done

    def _follow(self, view: View, answer: Mapping[str, object]) -> None:
        """Do what the app has answered to a submission. Raises Refusal where Slack would not."""
        views = self._workspace.views
        match answer.get("response_action"):
            case None:
                views.close(view)
            case "clear":
                views.close(views.modals[view.user][0])
            case "update":
                views.change(view, viewing.check(answer.get("view"), "modal"))
            case "push":
                views.push(view.user, viewing.check(answer.get("view"), "modal"))
            case "errors" if answer.get("errors"):
                known = {block["block_id"] for block in view.blocks if block["type"] == "input"}
                if not known.issuperset(Delivered(acked=True, payload=answer).errors):
                    raise Refusal("invalid_arguments", "errors of blocks that are no inputs of the view")
            case other:
                raise Refusal("invalid_arguments", f"response_action {other!r}")

    async def close_view(self, user: str, view_id: str, all: bool = False) -> None:  # noqa: A002 -- Slack's own word
        """Close a modal, as a person, or with `all` every one that is open. `view_closed` goes out where the app asked.

        Raises:
            LookupError: the person has no such modal open.
        """
        view = self._view(user, view_id)
        if view.body["type"] != "modal":
            raise LookupError(f"{view_id} is no modal")
        cleared = all or view.has("clear_on_close")
        lowest = self._workspace.views.modals[user][0] if cleared else view
        for gone in self._workspace.views.close(lowest):
            if gone.has("notify_on_close"):
                payload = interactions.interaction(self._workspace, "view_closed", user)
                shown = view_json(self._workspace, gone, choices.state(gone.blocks))
                await self._core.outbox.once("interactive", payload | {"view": shown, "is_cleared": cleared})

    async def open_home(self, user: str, tab: str = "home") -> None:
        """Open the app's Home tab, or its "messages", as a person; the app is sent the event where it has subscribed.

        Raises:
            LookupError: no such person.
        """
        if user not in self._workspace.people:
            raise LookupError(f"there is no person {user}")
        view = self._workspace.views.homes.get(user)
        shown = view_json(self._workspace, view) if view is not None else None
        if "app_home_opened" in self._core.subscriptions:
            self._core.outbox.event(envelopes.home_opened(self._workspace, user, tab, shown))

    async def stop_session(self, user: str, channel: str, thread_ts: str) -> None:
        """Press Slack's own Stop in a thread with an agent, as a person: its streams end, and the app is told.

        Raises:
            LookupError: there is no such button: no session is at work, or the app wants to hear nothing of it.
        """
        self._core.join(user, channel)
        session = self._workspace.sessions.get((channel, thread_ts))
        if session is None or session.status != "processing" or EVENT_OF_STOP not in self._core.subscriptions:
            raise LookupError(f"there is no Stop in {thread_ts}")
        streams = self._core.methods.streams
        ended = [message for message in self._workspace.thread(channel, thread_ts) if streams.running(message)]
        for message in ended:
            streams.end_by_hand(message)
        told = [message.ts for message in ended]
        self._core.outbox.event(envelopes.session_stopped(self._workspace, user, channel, thread_ts, told))


def _label(element: Block) -> object:
    text = element.get("text")
    return text.get("text") if isinstance(text, Mapping) else None
