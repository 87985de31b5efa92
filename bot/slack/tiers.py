"""Lists Slack's limits on writing as buckets that calls draw from, each with the source of its number.

Slack counts calls of a method in a workspace in windows of a minute and calls its numbers floors ("50+"). A bucket of
`burst` tokens that refills at `rate` a second lets at most burst + rate * t calls through in any t seconds. So under a
limit of L a minute burst + 60 * rate may be L at most. The burst is available at once after a workspace was quiet; the
rate is available all the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SLOWEST: Final = 0.8 / 60
"""However small the share: one call in 75 s, which is under one a minute also where calls take seconds to arrive."""


@dataclass(frozen=True, slots=True)
class Quota:
    """A bucket: `rate` tokens a second up to `burst` tokens."""

    rate: float
    burst: int

    @property
    def per_minute(self) -> float:
        """The most that it lets through in any minute."""
        return self.burst + 60.0 * self.rate

    def scaled(self, factor: float) -> Quota:
        """The bucket for `factor` times the limit. It holds one token at least, at the cost of its rate."""
        burst = int(self.burst * factor)
        if burst >= 1:
            return Quota(self.rate * factor, burst)
        return Quota(max((self.per_minute * factor - 1.0) / 60.0, SLOWEST), 1)


@dataclass(frozen=True, slots=True)
class Key:
    """One bucket of a workspace, by a name that no other one has.

    Buckets of one `family` learn from refusals together. Two calls are at least `apart` seconds apart.
    """

    name: str
    quota: Quota
    family: str = ""
    apart: float = 0.0

    @property
    def lesson(self) -> str:
        """The name of what refusals teach of it."""
        return self.family or self.name


QUOTAS: Final = {
    # Tier 3, 50 a minute for all messages of all channels together (Slack docs, chat.update). The split is by
    # benchmarks/simulation.py. For 10 and 40 answers at once, mean lags in seconds: 2.1 and 4.5 with 12 in the burst,
    # 1.9 and 4.0 with 20, 1.8 and 3.9 with 24, 1.7 and 3.7 with 30. More in the burst leaves less for a workspace that
    # is never quiet: 26 a minute here.
    "chat.update": Quota(rate=26 / 60, burst=24),
    # Tier 4, 100 a minute, and tier 2, 20 a minute, to begin and to end one (Slack docs, chat.appendStream and its two
    # neighbours). Most is in the bursts: an answer needs one start and one stop, and a dozen who ask at once all have
    # theirs; who comes later grows by edits.
    "chat.appendStream": Quota(rate=0.7, burst=58),
    "chat.startStream": Quota(rate=8 / 60, burst=12),
    "chat.stopStream": Quota(rate=8 / 60, burst=12),
    # Tier 3 (Slack docs, chat.delete).
    "chat.delete": Quota(rate=0.5, burst=20),
    # "Several hundred" a minute in a workspace is all that Slack says (Slack docs, Rate limits); 270 here. An answer
    # needs one post and seldom more, so most is in the burst: for when many ask at once.
    "chat.postMessage": Quota(rate=2.0, burst=150),
    # Tier 4, 100 a minute (Slack docs, chat.postEphemeral).
    "chat.postEphemeral": Quota(rate=1.0, burst=40),
    # Of its own kind: 600 a minute for an app in a workspace (Slack docs, assistant.threads.setStatus).
    "assistant.threads.setStatus": Quota(rate=6.0, burst=200),
    # Tier 3 (Slack docs, agents.sessions.setStatus). An answer needs two, the second as its last call.
    "agents.sessions.setStatus": Quota(rate=0.4, burst=26),
    # Tier 4 (Slack docs, files.getUploadURLExternal and files.completeUploadExternal).
    "files.getUploadURLExternal": Quota(rate=1.0, burst=40),
    "files.completeUploadExternal": Quota(rate=1.0, burst=40),
}
"""The bucket of each method that writes, for a workspace."""

POSTS_TO_A_CHANNEL: Final = Quota(rate=0.75, burst=2)
"""One post a second, "short bursts" allowed (Slack docs, Rate limits): never more than five in five seconds."""

_APART: Final = 0.15
"""About what a call of Slack takes, in seconds: edits, and posts to a channel, come so far apart that seldom one is
under way when another one is refused. With limits that were told rightly it costs an ending 0.02 s in the mean."""


def keys(method: str, channel: str) -> tuple[Key, ...]:
    """The buckets that a call draws from, the method's own first.

    Raises:
        KeyError: a method that is not in the table.
    """
    own = Key(method, QUOTAS[method], apart=_APART if method == "chat.update" else 0.0)
    if method == "chat.postMessage":
        return (own, Key(f"{method}:{channel}", POSTS_TO_A_CHANNEL, family=f"{method}:*", apart=_APART))
    return (own,)
