"""Defines the bot's errors, by whose fault they are.

    BotError
    ├── SettingsError            the operator's settings cannot work
    ├── StoreUnavailable         Redis cannot be reached
    │   └── StoreDamaged         a key holds something else than the bot writes there
    ├── Interrupted              the bot is being stopped
    │   └── DecisionInterrupted  the same, after a decision was passed on
    ├── Postponed                the bot is being stopped before it has asked
    ├── GivenUp                  no process could finish the question
    ├── Unreadable               something stored that this version cannot read
    ├── SlackRefused             Slack refused a call that an answer needs
    ├── SlackUnavailable         Slack cannot be reached
    │   └── NotSlack             another program answers there
    └── FlowiseError             the prediction gave no complete answer
        ├── FlowiseUnreachable   no connection
        ├── FlowiseUntrusted     its certificate is not trusted
        ├── ProxyFailed          the proxy on the way to it
        ├── FlowiseResting       it failed several times in a row, and is not asked for a short while
        ├── FlowiseSlow          a limit on waiting ran out
        ├── FlowiseBroke         the stream ended before its `end`
        ├── FlowiseFailed        the flow itself reported an error
        ├── FlowiseEmpty         the flow ended without saying anything
        ├── DecisionClosed       a decision was made elsewhere meanwhile
        ├── DecisionNodeGone     the node that waited for it is no longer in the flow
        ├── DecisionRunLost      the run that waited for it is no longer there
        ├── DecisionFailed       the flow failed after it
        ├── FlowiseTooLarge      the question was refused for its size
        ├── FlowiseRateLimited   429
        ├── KeyRefused           the API key is not the one bound to the chatflow
        ├── UnknownChatflow      the chatflow id is wrong
        ├── FlowStartedElsewhere only a webhook or a schedule starts the flow
        └── NotFlowise           another program answers there

The text of an exception is for the log. What a person in Slack reads is written in `bot.slack.wording_of_failures`.
"""

from __future__ import annotations

from enum import Enum
from typing import ClassVar


class RunState(Enum):
    """What is known of the run in Flowise after a failed prediction."""

    NOT_STARTED = "not started"
    """Nothing can be running: the request did not arrive, or was turned away."""
    OVER = "over"
    """It has ended. Flowise remembers nothing of the turn, unless it ended well and only said nothing."""
    UNKNOWN = "unknown"
    """It may go on for minutes, and its turn may still be stored: nobody else may use its chatId."""


class BotError(Exception):
    """An error for which there is a sentence in `bot.slack.wording_of_failures`."""

    retry_helps: ClassVar[bool] = True
    """Whether asking the same question again can help, so that a button offers it: not where only the operator can mend
    it, nor where the question itself is the reason."""


class SettingsError(BotError):
    """A setting is missing, malformed, contradicts another one, or is refused by the service it is for.

    Each line of the text names the variable and what is expected; it never holds the value of a secret.
    """

    retry_helps = False


class StoreUnavailable(BotError):
    """Redis cannot be reached. Check REDIS_URL, and that the server is up and accepts writes."""


class StoreDamaged(StoreUnavailable):
    """One of the bot's keys in Redis holds another program's data. Give the bot a database of its own."""

    retry_helps = False


class Interrupted(BotError):
    """The bot was stopped before the answer was complete."""


class DecisionInterrupted(Interrupted):
    """The bot was stopped after it had passed a decision on; what came of it is unknown without FLOWISE_API_KEY."""

    retry_helps = False


class Postponed(BotError):
    """The bot is being stopped before it has asked the question; the next process to start goes on with it."""

    retry_helps = False


class GivenUp(BotError):
    """Several processes in turn have failed to finish a question. Their logs say why they ended."""

    retry_helps = False


class Unreadable(BotError):
    """A stored value is damaged, or was written by a newer version. It is put aside under a key `…:aside:…`."""

    retry_helps = False


class SlackRefused(BotError):
    """Slack refused a call. `code` is Slack's own error word, for example `not_in_channel`; `needed` is the scope that
    is missing, where Slack names one."""

    retry_helps = False

    def __init__(self, method: str, code: str, needed: str = "") -> None:
        super().__init__(f"Slack refused {method}: {code}")
        self.code = code
        self.needed = needed


class SlackUnavailable(BotError):
    """Slack did not answer, or answered with a server error."""


class NotSlack(SlackUnavailable):
    """Another program answers at SLACK_API_URL. Check the address, and the proxy on the way to it."""

    retry_helps = False


class FlowiseError(BotError):
    """The prediction gave no complete answer. `run` says what is known of the run in Flowise."""

    def __init__(self, message: str, *, run: RunState = RunState.UNKNOWN) -> None:
        super().__init__(message)
        self.run = run


class FlowiseUnreachable(FlowiseError):
    """Flowise cannot be reached at FLOWISE_URL. Check the address (http or https, the port), and that Flowise is up."""


class FlowiseUntrusted(FlowiseError):
    """The certificate at FLOWISE_URL is not trusted. Use one of a known authority, or name yours in SSL_CERT_FILE."""

    retry_helps = False


class ProxyFailed(FlowiseError):
    """The proxy on the way to FLOWISE_URL fails or refuses. Check HTTPS_PROXY (or HTTP_PROXY), or list the host in
    NO_PROXY.
    """

    retry_helps = False


class FlowiseResting(FlowiseError):
    """Flowise failed several times in a row, so it is not asked for a while: the warning before says why.

    `retry_after` is in seconds: when it is probed again.
    """

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message, run=RunState.NOT_STARTED)
        self.retry_after = retry_after


class FlowiseSlow(FlowiseError):
    """A limit on waiting for Flowise ran out. `setting` is the variable that sets the limit, where there is one."""

    def __init__(self, message: str, *, run: RunState = RunState.UNKNOWN, setting: str = "") -> None:
        super().__init__(message, run=run)
        self.setting = setting


class FlowiseBroke(FlowiseError):
    """The answer's stream ended before Flowise said `end`: Flowise was stopped, or a proxy cut the connection."""


class FlowiseFailed(FlowiseError):
    """The flow ended with an error of its own. Look into Flowise's log at the time of this line."""


class FlowiseEmpty(FlowiseError):
    """The flow ended well but said nothing. Check that its last node gives text.

    Some servers store a text that they did not stream (Flowise issues 4926, 5253, 5592): with FLOWISE_API_KEY it is
    read.
    """


class DecisionClosed(FlowiseError):
    """A decision was no longer open when it was passed on: it was made in Flowise, or something newer was asked."""

    retry_helps = False


class DecisionNodeGone(FlowiseError):
    """The flow has ended without a word after a decision: it was changed, and has no longer the node that waited."""

    retry_helps = False


class DecisionRunLost(FlowiseError):
    """Flowise has no longer the execution that waited for a decision, or not the node in it. Was it deleted?"""

    retry_helps = False


class DecisionFailed(FlowiseError):
    """The flow went on after a decision and failed. Look into Flowise's log at the time of this line."""

    retry_helps = False


class FlowiseTooLarge(FlowiseError):
    """The question was refused for its size. Raise FLOWISE_FILE_SIZE_LIMIT, or the body limit of a proxy before it."""

    retry_helps = False


class FlowiseRateLimited(FlowiseError):
    """The chatflow's own rate limit is used up; the whole bot shares one bucket. `retry_after` is in seconds.

    `notice` is what its builder wants people to read then; empty where that is not known.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, notice: str = "") -> None:
        super().__init__(message, run=RunState.NOT_STARTED)
        self.retry_after = retry_after
        self.notice = notice


class KeyRefused(FlowiseError):
    """Flowise refused the key. Set FLOWISE_API_KEY to the very key that is bound to the chatflow."""

    retry_helps = False


class UnknownChatflow(FlowiseError):
    """There is no chatflow with the id in FLOWISE_CHATFLOW_ID. Copy the id from the chatflow's address in Flowise."""

    retry_helps = False


class FlowStartedElsewhere(FlowiseError):
    """Only a webhook or a schedule starts the flow, so nobody can ask it. In Flowise, set the Input Type of its node
    Start to Chat Input or Form Input, or name another flow in FLOWISE_CHATFLOW_ID."""

    retry_helps = False


class NotFlowise(FlowiseError):
    """Something other than Flowise answers at FLOWISE_URL: another program, a login page, a proxy. Use the base address
    of Flowise's server, without /api or a path, and let the bot reach it without a login.
    """

    retry_helps = False


def advice(kind: type[BotError]) -> str:
    """What the operator is told of an error: the description of its class, on one line."""
    return " ".join((kind.__doc__ or "").split())
