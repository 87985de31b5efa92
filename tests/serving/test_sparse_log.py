"""What strangers can cause is logged a few times a minute: time is a number here."""

from __future__ import annotations

from structlog.testing import capture_logs

from bot.serving.sparse_log import SparseLog


def test_ten_of_a_kind_a_minute_and_the_next_one_tells_how_many_were_left_out() -> None:
    now = 0.0
    log = SparseLog(clock=lambda: now)
    with capture_logs() as lines:
        for _ in range(25):
            log.warning("malformed request", reason="x")
        log.warning("connection refused")  # another kind is heard all the same
        now = 59.0
        log.warning("malformed request")
        now = 60.0
        log.warning("malformed request")
    assert [line["event"] for line in lines] == ["malformed request"] * 10 + ["connection refused", "malformed request"]
    assert "more" in lines[9]
    assert lines[-1]["left_out_before"] == 16
