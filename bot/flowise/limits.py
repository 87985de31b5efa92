"""Limits how long Flowise is waited for, and tracks which limit runs out next."""

from __future__ import annotations

from dataclasses import dataclass

CONNECT_SETTING = "FLOWISE_CONNECT_TIMEOUT"
HEADERS_SETTING = "FLOWISE_HEADERS_TIMEOUT"
EVENT_SETTING = "FLOWISE_EVENT_TIMEOUT"
SILENCE_SETTING = "FLOWISE_SILENCE_TIMEOUT"


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits on one prediction. All are in seconds except `frame_bytes`.

    Attributes:
        connect: until a connection stands. FLOWISE_CONNECT_TIMEOUT.
        headers: until a stream begins. Flows that stream begin within 10 ms; some failures never answer at all
            (measured on Flowise 3.1.4). FLOWISE_HEADERS_TIMEOUT.
        transcript: until a stream begins to a question that is spoken, in place of `headers`: the transcript is made
            before anything is sent (40 s were seen on 3.1.4).
        bytes_per_second: how fast files must get there at least, for which a question with files has more time; Flowise
            itself takes 0.4 s for a megabyte (measured on 3.1.4).
        json: until a flow that cannot stream has sent its complete answer. FLOWISE_JSON_TIMEOUT.
        silence: without a byte, once a heartbeat was seen; one is sent every 30 s since 3.1.2. FLOWISE_SILENCE_TIMEOUT.
        events: without a frame; heartbeats do not count, they go on when the run is dead. A model that fails is
            asked again for some 98 s before Flowise gives up (measured on 3.1.4). FLOWISE_EVENT_TIMEOUT.
        total: for the whole prediction; 0 is off. FLOWISE_TOTAL_TIMEOUT.
        frame_bytes: the largest frame, and the largest JSON answer, that is read. Six big chunks make a frame of
            300 kB, a stored answer of an agent flow has up to 190 kB (measured on 3.1.4), so this is seven and eleven
            times as much. To decode it is the longest step of our event loop. FLOWISE_FRAME_LIMIT.
        retry_after_cap: the longest Retry-After after which a question is asked again.
        refused_pause: the pause before a refused connection is tried once more.
    """

    connect: float = 10.0
    headers: float = 30.0
    transcript: float = 180.0
    bytes_per_second: float = 500_000.0
    json: float = 600.0
    silence: float = 75.0
    events: float = 180.0
    total: float = 1800.0
    frame_bytes: int = 2 * 1024 * 1024
    retry_after_cap: float = 5.0
    refused_pause: float = 1.0


@dataclass(frozen=True, slots=True, order=True)
class Deadline:
    """A limit that is running: it ends `at`, lasts `seconds`, and is set by the variable `setting`."""

    at: float
    seconds: float
    setting: str

    def __str__(self) -> str:
        return f"{self.setting} ran out after {self.seconds:g} s"


class DeadlineTracker:
    """Tracks which limits are running in one prediction. All times are of one monotonic clock, in seconds.

    `hears`: a transcript is made first. `size` is what the files that go along make of the request, in bytes.
    """

    def __init__(self, limits: Limits, now: float, *, streaming: bool, hears: bool = False, size: int = 0) -> None:
        self._limits = limits
        self._asked = now
        self._streaming = streaming
        self._hears = hears
        self._sending = size / limits.bytes_per_second
        self._byte_at = now
        self._frame_at = now
        self._open = False
        self._heartbeat = False

    def opened(self, now: float) -> None:
        """The headers of a stream were received."""
        self._open = True
        self._byte_at = self._frame_at = now

    def received(self, now: float, *, frame: bool, heartbeat: bool) -> None:
        """Bytes were received, and with `frame` a complete frame. `heartbeat`: the stream has had one by now."""
        self._byte_at = now
        self._heartbeat = heartbeat
        if frame:
            self._frame_at = now

    def deadline(self) -> Deadline:
        """The limit that runs out next."""
        return min(self._running())

    def _running(self) -> list[Deadline]:
        limits, running = self._limits, []
        if limits.total:
            running.append(Deadline(self._asked + limits.total, limits.total, "FLOWISE_TOTAL_TIMEOUT"))
        if self._open:
            running.append(Deadline(self._frame_at + limits.events, limits.events, EVENT_SETTING))
            if self._heartbeat:
                running.append(Deadline(self._byte_at + limits.silence, limits.silence, SILENCE_SETTING))
        elif self._streaming and self._hears:
            longest = max(limits.transcript, limits.headers) + self._sending
            running.append(Deadline(self._asked + longest, longest, "the wait for a transcript"))
        elif self._streaming:
            longest = limits.headers + self._sending
            running.append(Deadline(self._asked + longest, longest, HEADERS_SETTING))
        else:
            running.append(Deadline(self._asked + limits.json, limits.json, "FLOWISE_JSON_TIMEOUT"))
        return running
