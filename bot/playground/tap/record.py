"""Records what has gone through the tap, the last predictions and their frames, and notifies of new ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from bot.playground.tap.frames import LONGEST, Frame
from bot.playground.tap.upstream import Upstream

PREDICTIONS_AT_MOST = 50
FRAMES_AT_MOST = 3_000

Change: TypeAlias = dict[str, object]
Listener: TypeAlias = Callable[[Change], object]


@dataclass(slots=True, eq=False)
class RecordedPrediction:
    """One prediction. Times are seconds since the epoch.

    `ended` is "" while it goes on; "closed" when the answer ended in good order, "error" when that was with an error,
    "cut" when the connection broke, "left" when the client went away before. `tokens` counts those that are not empty.
    """

    id: int
    upstream: Upstream
    request: Mapping[str, object]
    at: float
    status: int | None = None
    ended_at: float | None = None
    ended: str = ""
    bytes: int = 0
    tokens: int = 0
    frames: int = 0

    def as_json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "flow": self.upstream.title,
            "upstream": self.upstream.kind,
            "chat_id": str(self.request.get("chatId", "")),
            "question": str(self.request.get("question", "")),
            "request": dict(self.request),
            "at": self.at,
            "status": self.status,
            "ended_at": self.ended_at,
            "ended": self.ended,
            "bytes": self.bytes,
            "tokens": self.tokens,
        }


class Record:
    """What was seen of predictions, as the page is told it. `wall` is seconds since the epoch."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self._count = 0
        self._predictions: deque[RecordedPrediction] = deque(maxlen=PREDICTIONS_AT_MOST)
        self._frames: deque[dict[str, object]] = deque(maxlen=FRAMES_AT_MOST)
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Have every change told, from now on; what is returned ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def snapshot(self) -> dict[str, list[dict[str, object]]]:
        """What is kept, oldest first."""
        known = {recorded.id for recorded in self._predictions}
        frames = [frame for frame in self._frames if frame["prediction"] in known]
        return {"predictions": [recorded.as_json() for recorded in self._predictions], "frames": frames}

    def begin(self, upstream: Upstream, body: Mapping[str, object]) -> RecordedPrediction:
        """Record that a prediction is asked for."""
        self._count += 1
        recorded = RecordedPrediction(self._count, upstream, _shown(upstream, body), self._wall())
        self._predictions.append(recorded)
        self._tell_of(recorded)
        return recorded

    def answered(self, recorded: RecordedPrediction, status: int) -> None:
        """Record that the head of its answer has come."""
        recorded.status = status
        self._tell_of(recorded)

    def frame(self, recorded: RecordedPrediction, frame: Frame) -> None:
        """Record a frame that was passed on."""
        recorded.frames += 1
        recorded.tokens += frame.says
        kept: dict[str, object] = {
            "prediction": recorded.id,
            "n": recorded.frames,
            "at": self._wall(),
            "event": recorded.upstream.hidden(frame.event)[:LONGEST],
            "data": recorded.upstream.hidden(frame.data)[:LONGEST],
            "size": frame.size,
        }
        self._frames.append(kept)
        self._tell({"kind": "frame", "frame": kept})

    def end(self, recorded: RecordedPrediction, ended: str) -> None:
        """Record its end; the first report of how it ended counts."""
        if not recorded.ended:
            recorded.ended, recorded.ended_at = ended, self._wall()
            self._tell_of(recorded)

    def _tell_of(self, recorded: RecordedPrediction) -> None:
        self._tell({"kind": "prediction", "prediction": recorded.as_json()})

    def _tell(self, change: Change) -> None:
        for listener in tuple(self._listeners):
            listener(change)


def _shown(upstream: Upstream, value: object) -> dict[str, object]:
    """A request's body with its texts cut and without the key."""
    shown = _cut(upstream, value)
    return shown if isinstance(shown, dict) else {}


def _cut(upstream: Upstream, value: object) -> object:
    match value:
        case str():
            return upstream.hidden(value)[:LONGEST]
        case Mapping():
            return {str(name): _cut(upstream, inner) for name, inner in value.items()}
        case list():
            return [_cut(upstream, inner) for inner in value]
    return value
