"""Knows what can go wrong, by whose fault it is.

    BotError
    ├── SettingsError            the operator's settings cannot work
    ├── StoreUnavailable         Redis does not answer
    │   └── StoreDamaged         a key holds something else than the bot writes there
    ├── Interrupted              we ourselves are being stopped
    ├── Postponed                we are being stopped before we have begun
    ├── GivenUp                  a question that no process has brought to an end
    ├── Unreadable               something stored that this version cannot read
    ├── SlackRefused             Slack said no to a call that an answer needs
    ├── SlackUnavailable         Slack does not answer
    └── FlowiseError             the prediction gave no whole answer
        ├── FlowiseUnreachable   no connection
        ├── FlowiseUntrusted     its certificate is not trusted
        ├── ProxyFailed          the proxy on the way to it
        ├── FlowiseResting       it failed several times in a row, and is left alone for a short while
        ├── FlowiseSlow          a limit on waiting ran out
        ├── FlowiseBroke         the stream ended before its `end`
        ├── FlowiseFailed        the flow itself reported an error
        ├── FlowiseEmpty         the flow ended without saying anything
        ├── FlowiseTooLarge      the question was refused for its size
        ├── FlowiseRateLimited   429
        ├── KeyRefused           the API key is not the one bound to the chatflow
        ├── UnknownChatflow      the chatflow id is wrong
        └── NotFlowise           something answers there, but not as Flowise does

The text of an exception is for the log. What a person in Slack reads is written in `bot.slack.wording`.
"""

from __future__ import annotations

from enum import Enum


class RunState(Enum):
    """What is known of the run in Flowise after a prediction has failed."""

    NOT_STARTED = "not started"
    """Nothing can be running: the request did not arrive, or was turned away."""
    OVER = "over"
    """It has ended. Flowise remembers nothing of the turn, unless it ended well and only said nothing."""
    UNKNOWN = "unknown"
    """It may go on for minutes, and its turn may still be stored: nobody else may use its chatId."""


class BotError(Exception):
    """Something went wrong that we have a sentence for."""


class SettingsError(BotError):
    """A setting is missing, malformed, contradicts another one, or is refused by the service it is for.

    Each line of the text names the variable and what is expected; it never holds the value of a secret.
    """


class StoreUnavailable(BotError):
    """Redis does not answer. Check REDIS_URL, and that the server is up and takes writes."""


class StoreDamaged(StoreUnavailable):
    """Something else than the bot's own is under one of its keys in Redis. Give it a database of its own."""


class Interrupted(BotError):
    """The bot was stopped before the answer was whole."""


class Postponed(BotError):
    """The bot is being stopped before it has asked the question; whoever starts next goes on with it."""


class GivenUp(BotError):
    """Several processes in turn have failed to bring a question to its end. Look for what ended them in their logs."""


class Unreadable(BotError):
    """What is stored is damaged, or was written by a newer version. What is put aside is under a key `…:aside:…`."""


class SlackRefused(BotError):
    """Slack refused a call. `code` is Slack's own error word, for example `not_in_channel`."""

    def __init__(self, method: str, code: str) -> None:
        super().__init__(f"Slack refused {method}: {code}")
        self.code = code


class SlackUnavailable(BotError):
    """Slack did not answer, or answered with a server error."""


class FlowiseError(BotError):
    """The prediction gave no whole answer. `run` says what is known of the run in Flowise."""

    def __init__(self, message: str, *, run: RunState = RunState.UNKNOWN) -> None:
        super().__init__(message)
        self.run = run


class FlowiseUnreachable(FlowiseError):
    """No connection to FLOWISE_URL. Check the address, and that Flowise is up."""


class FlowiseUntrusted(FlowiseError):
    """The certificate at FLOWISE_URL is not trusted. Use one of a known authority, or name yours in SSL_CERT_FILE."""


class ProxyFailed(FlowiseError):
    """The proxy on the way to FLOWISE_URL fails or refuses. Check HTTPS_PROXY (or HTTP_PROXY), or list the host in
    NO_PROXY.
    """


class FlowiseResting(FlowiseError):
    """Flowise failed several times in a row, so it is left alone for a while: the warning before says why.

    `retry_after` is in seconds: when it is looked at again.
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


class FlowiseTooLarge(FlowiseError):
    """The question was refused for its size. Raise FLOWISE_FILE_SIZE_LIMIT, or the body limit of a proxy before it."""


class FlowiseRateLimited(FlowiseError):
    """The chatflow's own rate limit is used up; the whole bot shares one bucket. `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message, run=RunState.NOT_STARTED)
        self.retry_after = retry_after


class KeyRefused(FlowiseError):
    """Flowise refused the key. Set FLOWISE_API_KEY to the very key that is bound to the chatflow."""


class UnknownChatflow(FlowiseError):
    """There is no chatflow with the id in FLOWISE_CHATFLOW_ID. Copy the id from the chatflow's address in Flowise."""


class NotFlowise(FlowiseError):
    """What answers at FLOWISE_URL is not Flowise's API. Use the server's base address, without /api or a path."""
