"""Holds every sentence that the bot says to a person in Slack, but those that have a module of their own beside this one.

These are the sentences about failures, files, forms and the steps of an answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.records.thread import StopOutcome

THINKING = "Thinking…"
HELD_BACK = "My last answer here was interrupted and may still be running. I'll start on yours as soon as it's done…"
HELD_BACK_STOPPED = (
    "The answer before this one was stopped, but isn't over yet. I'll start on yours as soon as it is… "
    "To start at once, mention me with `new conversation`."
)
GROWING = "…"
STATUS_THINKING = "is thinking…"
STATUS_FETCHING = "is fetching the rest of its answer…"
STATUS_NONE = ""

PASSAGES = "Passages"
CLOSE = "Close"
PASSAGES_GONE = "I no longer have these passages. Please ask me again."
PASSAGES_LATER = "I can't show these passages right now. Please try again in a minute."
SOMEBODY = "Somebody"
ASK_AGAIN = "Try again"
STOP = "Stop"
ANSWER_NOT_REMEMBERED = "This answer is complete, but I won't remember it when you go on."
GOOD_ANSWER = "Good answer"
BAD_ANSWER = "Bad answer"
RATING_TITLE = "Bad answer"
RATING_ABOVE = "Thank you, I've noted that. What was wrong? Your comment is kept without your name."
RATING_OF_ANOTHER = "Thank you, I've counted that. Only the person who asked can rate this answer in full."
RATING_TOO_LATE = "This answer is too old for me to rate it. Thank you all the same."
RATING_UNKNOWN = "I no longer have this answer, so it can't be rated. Thank you all the same."
RATING_NOT_WRITTEN = "I couldn't keep your rating. Please try again later."
REGENERATE = "Regenerate"
NOT_YET = "I can't take this just yet. I'll try again in a moment…"
NOT_TAKEN = "I can't take this right now. Please try again in a minute."
NOT_KEPT = "I no longer have this question. Please ask me again."
NOT_YOURS = "Only the person who asked can try this again. Please ask me yourself."
NOT_THE_NEWEST = "I can only regenerate the newest answer of a conversation. Please ask me again."
REGENERATED_ALREADY = "I've answered this once more already. Please ask me again."
ONLY_THE_ASKER_REGENERATES = "Only the person who asked can have this answered anew. Please ask me yourself."
QUESTION_GONE = "This question no longer stands here. Please ask me again."
BOTH_REMEMBERED = "This is another answer to the same question. I remember both."
NOTHING_TO_STOP = "I'm not working on anything of yours here. To keep me out of this thread, write `quiet`."
NOTHING_TO_STOP_IN_DM = "I'm not working on anything here."
STOP_ONLY_IN_THREADS = "To stop me, mention me with `stop` in the thread."
ENDED_ALREADY = "I was done with this before you pressed."
ONLY_THE_ASKER_STOPS = "Only the person who asked can stop this."
QUIET = "I'll be quiet in this thread. Mention me when you need me."
EVERY_MESSAGE = "I answer every message here. `quiet` stops me."
ALWAYS_LISTENING = "I'm always listening here."
QUIET_ONLY_IN_THREADS = "I only listen to everything in threads. To stop me in one, write `quiet` there."
HELLO = "Hello! Mention me with a question, and I answer in the thread."
NEW_CONVERSATION = "This is a new conversation: I no longer remember what was said before. What would you like to know?"
NEW_ONLY_IN_DM = (
    "This starts a new conversation in our direct messages only. In a channel, mention me in the thread with "
    "`new conversation`."
)
EXTERNAL = "Sorry, I can only answer people in the organization I belong to. Please ask one of your contacts there."
DECISION_NEEDED = (
    "I need a decision before I can go on, and it can't be made here. "
    "To go on without it, mention me with `new conversation`."
)
DECISION_PENDING = (
    "I'm still waiting for the decision above, so I haven't looked at your question. Please choose there. "
    "To start over, mention me with `new conversation`."
)
DECISION_PENDING_ELSEWHERE = (
    "I'm still waiting for a decision, which can't be made here, so I haven't looked at your question. "
    "To start over, mention me with `new conversation`."
)
DECISION_CLOSED = "This decision is no longer open."
DECISION_NOT_YOURS = "Only the person who asked me can decide this."
DECISION_NOT_IN_THREAD = "Only people who have written in this thread can decide this."
DECISION_NOT_LISTED = "You can't decide this. Please ask somebody who may."
DECISION_UNSURE = "I can't see right now whether you may decide this. Please try again in a minute."
DECISION_DONE = "All right. There is nothing more to say."
DECISION_TITLE = "Your decision"
SEND = "Send"
CANCEL = "Cancel"
COMMENT = "A comment, if you like"
MEANS_YES = "says yes"
MEANS_NO = "says no"
NOT_REMEMBERED_BEFORE = "My last answer was interrupted, so I've started fresh and don't remember what was said above."
NOT_REMEMBERED_STOPPED = (
    "The answer that was stopped isn't over yet, so I've started fresh and don't remember what was said above."
)
PRIVATE = "I can't post in this channel, so only you see this answer. To let everyone here ask me: `{invite}`"
FETCHING_REST = "I was cut off here. I'm fetching the rest of the answer…"
FETCHING_ANSWER = "I was cut off before I had an answer. I'm fetching it…"
REST_ATTACHED = "The rest of the answer is in the attached file."
REST_LOST = "There is more, but I couldn't attach it. Ask me about one part."
REST_TITLE = "The rest of the answer"
TOO_LONG = "That's all I can show here. Ask me about one part."
CUT = "There is more than I can show here. Add me to the channel to see the whole answer."
NOTHING_TO_SHOW = "I didn't come up with an answer. Try rephrasing your question."


def usage(bot: str, command: str) -> str:
    """How to use the bot; `bot` is its display name."""
    return "\n".join(
        (
            "Here is how to ask me:",
            f"• Mention me with a question: `@{bot} how do I …?`",
            "• Send me a direct message.",
            f"• Use the command: `{command} how do I …?`",
            "• In a thread I've answered in, just keep writing.",
            "",
            "What else you can say:",
            f"• `@{bot} new conversation` makes me forget what was said in the thread.",
            f"• `@{bot} stop` ends the answer I'm giving you.",
            f"• `@{bot} quiet` stops me in the thread until you mention me again.",
            f"• `{command} help` shows this list.",
        )
    )


def queued(before: int, *, busy: bool) -> str:
    """Shown while a question waits; `before` is how many others come first, in this thread or, if `busy`, in all."""
    if busy:
        others = "one other question" if before == 1 else f"{before} others"
        return f"Many people are asking right now. I'll answer this after {others}…"
    return "I'll answer this after the question above…" if before == 1 else f"I'll answer this after {before} others…"


def decision_needed(tools: Sequence[str], who: str) -> str:
    """Asks for a decision, of whether `tools` may be used where there are any; `who` is the sentence that says who may
    decide."""
    asks = f"May I use {listed(tools)}?" if tools else "I need a decision before I go on."
    return f"{asks} {who}"


DECIDED_BY_ASKER = "The person who asked decides."
DECIDED_BY_THREAD = "Whoever has written in this thread may decide."
DECIDED_BY_LISTED = "Not everybody may decide this."


def decision_made(name: str, label: str, *, privately: bool = False) -> str:
    """Says who chose what; `privately`, to somebody else who would have."""
    return f"{name} has already chosen “{label}”." if privately else f"{name} chose “{label}”."


def decision_chosen(label: str) -> str:
    """Stands above the comment that may be sent with a decision."""
    return f"You are choosing “{label}”."


def may_run_again(tools: Sequence[str]) -> str:
    """Warns that what was allowed once may be done twice."""
    return f"If you choose again, {listed(tools) if tools else 'what was begun'} may run a second time."


UNREADABLE_FORWARD = (
    "I can't read what you've forwarded. What would you like to know about it? Please tell me in words."
)


def stopped(outcome: StopOutcome) -> str:
    """The last line of an answer that a person has stopped."""
    return _STOPPED[outcome]


_STOPPED = {
    StopOutcome.NOT_ASKED: "Stopped. I haven't looked at this question.",
    StopOutcome.FORGOTTEN: "Stopped. I won't remember this question.",
    StopOutcome.FINISHED: "Stopped here. I finished it out of sight, and may remember that answer.",
    StopOutcome.GOES_ON: "Stopped here. It goes on out of sight, and I may remember that answer.",
    StopOutcome.UNKNOWN: "Stopped here. I may still remember this answer.",
}


def thinking(bot: str) -> str:
    """The status while no tool runs, where no button can be shown: it says how to stop the answer, if there is room in
    the 50 characters that Slack's status line always shows."""
    told = f"is thinking… (`@{bot} stop` stops me)"
    return told if len(told) <= 50 else STATUS_THINKING


def other_command(ours: str) -> str:
    return f"That isn't my command. Please use `{ours}`."


def listed(names: Sequence[str], most: int = 3) -> str:
    """Names in a sentence: `most` of them, and how many more there are."""
    first, left = [*names[:most]], len(names) - most
    *others, last = [*first, f"{left} more"] if left > 0 else first
    return f"{', '.join(others)} and {last}" if others else last


def invite(bot: str) -> str:
    return f"/invite @{bot}"
