"""Notices that the clock of Redis was set forward, by which every lease seems to be over."""

from __future__ import annotations

# A holder renews its lease long before it ends, so that only a jump of most of a lease can end one that is alive.
_NOTICED = 0.2


class ServerClock:
    """The server's clock beside one of our own, which is monotonic; all times are in seconds.

    A jump backwards needs no notice: the scripts see by what is kept that it lies too far ahead.
    """

    def __init__(self) -> None:
        self._server = 0.0
        self._asked_at: float | None = None
        self._trusted_from = 0.0

    def is_trusted(self, server: float, asked_at: float, told_at: float, lease: float) -> bool:
        """Whether leases that are over by the server's clock have been left by their holders.

        `server` is what it told, asked between two times of our own. For a lease after more time went by there than
        here, it is not: whoever is alive renews its own meanwhile.
        """
        if self._asked_at is not None:
            gone_by_at_most = told_at - self._asked_at
            if server - self._server - gone_by_at_most > _NOTICED * lease:
                self._trusted_from = told_at + lease
        self._server, self._asked_at = server, asked_at
        return told_at >= self._trusted_from
