"""Holds what a person reads when something failed: one sentence for each error, and the small line under it."""

from __future__ import annotations

import math

from bot import errors
from bot.errors import BotError, FlowiseError, RunState
from bot.slack import wording
from bot.slack.text.escaping import one_line, shorten
from bot.slack.text.neutralise import code


def failure(error: BotError, *, partly: bool = False, follows: bool = False) -> str:
    """What a person reads when an answer failed: what happened, and what to do next.

    `partly` says that some of the answer stands above; `follows`, that earlier questions of the thread were answered,
    so that it matters whether this one is remembered.
    """
    sentence = _sentence(error)
    if partly:
        # A flow may fail after its last word too, and does not always tell.
        state = "may be" if isinstance(error, errors.FlowiseFailed) else "is"
        sentence = f"This answer {state} incomplete. {sentence}"
    return f"{sentence} {_REPEAT}" if follows and _is_forgotten(error) else sentence


def support(error: BotError | None, reference: str, asks: str) -> str:
    """The small last line of a failure: whom to ask, unless the person can mend it alone, and the log's reference.

    `asks` is the `HelpContact`'s way to say whom to ask.
    """
    line = f"Reference for support: {reference}"
    if isinstance(error, _MENDED_BY_THE_ASKER):
        return line
    return f"{asks if isinstance(error, _MENDED_BY_THE_OPERATOR) else stuck(asks)} {line}"


def not_taken(asks: str) -> str:
    """Shown to somebody whose command or press could not be stored."""
    return f"{wording.NOT_TAKEN} {stuck(asks)}"


def stuck(asks: str) -> str:
    return f"Still stuck? {asks}"


_MENDED_BY_THE_ASKER = (errors.DecisionClosed, errors.FlowiseEmpty, errors.FlowiseTooLarge, errors.Postponed)
_MENDED_BY_THE_OPERATOR = (
    errors.FlowiseUntrusted,
    errors.ProxyFailed,
    errors.KeyRefused,
    errors.UnknownChatflow,
    errors.FlowStartedElsewhere,
    errors.NotFlowise,
)
_REPEAT = "I won't remember this attempt, so ask in full."


# Of what a flow's builder has to say, in UTF-16 units.
_NOTICE = 300


def _sentence(error: BotError) -> str:
    if isinstance(error, errors.FlowiseResting):
        return _RESTING.format(wait=_about(error.retry_after))
    sentence = next((_SENTENCES[kind] for kind in type(error).__mro__ if kind in _SENTENCES), _OUR_MISTAKE)
    if isinstance(error, errors.FlowiseRateLimited) and (notice := one_line(error.notice).replace("`", "'")):
        return f"{sentence}\n“{code(shorten(notice, _NOTICE))}”"
    return sentence


_OUR_MISTAKE = "Something went wrong on my side. Please try again."
_RESTING = "I'm having trouble at the moment, so I haven't sent your question. Please try again in {wait}."


def _about(seconds: float) -> str:
    """A wait, rounded up to what a person would say."""
    if seconds <= 60:
        return f"{max(5, 5 * math.ceil(seconds / 5))} seconds"
    return f"{math.ceil(seconds / 60)} minutes"


_NOT_SET_UP = "I'm not set up correctly, so I can't answer."

_SENTENCES: dict[type[BotError], str] = {
    errors.FlowiseUnreachable: "I can't get an answer right now. Please try again in a few minutes.",
    errors.FlowiseUntrusted: _NOT_SET_UP,
    errors.ProxyFailed: _NOT_SET_UP,
    errors.FlowiseTooLarge: "Your question is too long for me. Please ask a shorter one.",
    errors.FlowiseSlow: "This took too long, so I stopped waiting. Please try again, perhaps with a smaller question.",
    errors.FlowiseBroke: "I was cut off while I was answering. Please try again.",
    errors.FlowiseFailed: "Something went wrong while I was answering. Please try again.",
    errors.FlowiseEmpty: wording.NOTHING_TO_SHOW,
    errors.FlowiseRateLimited: "I've been asked too much in a short time. Please try again in a minute.",
    errors.KeyRefused: _NOT_SET_UP,
    errors.UnknownChatflow: _NOT_SET_UP,
    errors.FlowStartedElsewhere: "I'm only started by other systems, so I can't be asked questions.",
    errors.NotFlowise: _NOT_SET_UP,
    errors.DecisionClosed: wording.DECISION_CLOSED,
    errors.DecisionNodeGone: "I've been changed since I asked for this, so I can't go on from there. Please ask me again.",
    errors.DecisionRunLost: "I've lost track of where I was, so I can't go on from there. Please ask me again.",
    errors.DecisionFailed: "Something went wrong after the decision, so I couldn't finish. Please ask me again.",
    errors.DecisionInterrupted: (
        "I was restarted after the decision, so I don't know what came of it. "
        "To start over, mention me with `new conversation`."
    ),
    errors.StoreUnavailable: "I can't reach my memory right now, so I haven't sent your question. Please try again in a minute.",
    errors.SlackUnavailable: "Slack didn't take my message. Please try again in a minute.",
    errors.SlackRefused: "Slack didn't take my message. Please try again.",
    errors.Interrupted: "I was restarted before I was done. Please try again.",
    errors.Postponed: "I'm restarting. I'll answer this when I'm back.",
    errors.Unreadable: "I can no longer read a question that was asked here, so I left it out. Please ask it again.",
    errors.GivenUp: "I tried this several times and couldn't finish it. Try rephrasing your question.",
}


def _is_forgotten(error: BotError) -> bool:
    """Whether what was asked is not part of the conversation, although the flow may have heard it."""
    if isinstance(error, errors.FlowiseEmpty):
        return False  # the one failure that Flowise does remember, with an answer of no words (measured on 3.1.4)
    if isinstance(error, FlowiseError):
        return error.run is not RunState.NOT_STARTED
    return isinstance(error, errors.Interrupted)


def cannot_post(code: str) -> str:
    """Shown to the asker alone when Slack refuses the answer."""
    return f"Slack doesn't let me post my answer there: {_reason(code)}. Please ask me in a direct message."


_REASONS = {
    "restricted_action": "posting is restricted in this channel",
    "is_archived": "the channel is archived",
    "thread_not_found": "the thread is gone",
    "cannot_reply_to_message": "this message takes no replies",
    "not_in_channel": "I'm not in this channel",
    "channel_not_found": "I can't see this channel",
    "missing_scope": "I don't have the permission",
    "no_permission": "I don't have the permission",
    "ekm_access_denied": "an admin has suspended access",
    "message_limit_exceeded": "the workspace's message limit is reached",
    "messages_tab_disabled": "my Messages tab is off",
}


def _reason(code: str) -> str:
    return next((reason for start, reason in _REASONS.items() if code.startswith(start)), "it doesn't say why")
