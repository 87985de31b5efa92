"""Detects that the clock of Redis was set forward, which makes every lease look expired."""

from __future__ import annotations

# As a share of a lease. Holders renew long before the end, so only a jump of most of a lease can end a live one.
_NOTICED = 0.2


class ServerClock:
    """Compares the server's clock with a monotonic one of this process. All times are in seconds.

    A jump backwards need not be detected here: the scripts see that what is stored lies too far ahead.
    """

    def __init__(self) -> None:
        self._server = 0.0
        self._asked_at: float | None = None
        self._trusted_from = 0.0

    def is_trusted(self, server: float, asked_at: float, told_at: float, lease: float) -> bool:
        """Whether leases that have expired by the server's clock really were abandoned.

        `server` is the server's time, requested at `asked_at` and received at `told_at` by our clock. After the
        server's clock has advanced further than ours, False for the length of a lease: live holders renew theirs.
        """
        if self._asked_at is not None:
            gone_by_at_most = told_at - self._asked_at
            if server - self._server - gone_by_at_most > _NOTICED * lease:
                self._trusted_from = told_at + lease
        self._server, self._asked_at = server, asked_at
        return told_at >= self._trusted_from
