"""Knows what everything is keyed by: the Slack thread, its Flowise chat, and what is under way there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thread:
    """One Slack thread, or, with an empty `thread_ts`, the part of a direct message that is outside threads.

    `team` and `channel` are Slack ids, `thread_ts` is the `ts` of the thread's first message: an opaque string.
    """

    team: str
    channel: str
    thread_ts: str

    @property
    def line(self) -> str:
        """The line in which questions wait for one another.

        Usually the thread. All of a direct message is one line, because a thread there goes on with the chatId of
        the message it was opened under, and Flowise mixes two requests on one chatId.
        """
        return self.line_of_channel if self.channel.startswith("D") else f"{self.line_of_channel}:{self.thread_ts}"

    @property
    def line_of_channel(self) -> str:
        return f"{self.team}:{self.channel}"

    def __str__(self) -> str:
        return f"{self.team}:{self.channel}:{self.thread_ts}"


@dataclass(frozen=True, slots=True)
class Conversation:
    """What is kept of a thread: the Flowise chat it stands for.

    `chat_id` is empty right after the thread was started over: the next question brings a new one. `generation` counts
    how often that was done. `answered`: a question has been answered in it.
    `created_at` and `used_at` are seconds since the epoch.
    """

    chat_id: str
    chatflow_id: str
    generation: int
    created_at: float
    used_at: float
    quiet: bool = False
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """A prediction that was started on a chatId and has not been seen to end.

    `since` and `left_at` are seconds since the epoch: when it was started, and when we stopped listening (0: not
    known, the process was killed). `agentflow` says that Flowise's abort endpoint can stop it; `awaits_decision`
    that the flow has stopped by itself and waits for a person's decision.
    """

    since: float
    left_at: float = 0.0
    agentflow: bool = False
    awaits_decision: bool = False


@dataclass(frozen=True, slots=True)
class OpenAnswer:
    """An answer that is being written, and where: so that another replica can close it when its writer is killed.

    `thread_ts` is None flat in a direct message; `reference` names the turn; `stream` is the `ts` of the message that
    was last begun as a native stream, if any.
    """

    reference: str
    team: str
    channel: str
    thread_ts: str | None
    user: str
    stream: str = ""


def seconds(ts: str) -> float:
    """A `ts` as epoch seconds, for comparing times; 0 where it is none. As a name it stays the text that it is."""
    try:
        return float(ts)
    except ValueError:
        return 0.0
