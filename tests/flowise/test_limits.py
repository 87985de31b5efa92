"""Which limit runs out next; no clock runs here."""

from __future__ import annotations

from bot.flowise.limits import DeadlineTracker, Limits

LIMITS = Limits(headers=30, json=600, silence=75, events=180, total=1800)


def test_before_the_headers_of_a_stream() -> None:
    deadline = DeadlineTracker(LIMITS, 100, streaming=True).deadline()
    assert (deadline.at, deadline.setting) == (130, "FLOWISE_HEADERS_TIMEOUT")


def test_before_a_json_answer() -> None:
    deadline = DeadlineTracker(LIMITS, 100, streaming=False).deadline()
    assert (deadline.at, deadline.setting) == (700, "FLOWISE_JSON_TIMEOUT")


def test_silence_counts_only_once_a_heartbeat_was_seen() -> None:
    patience = DeadlineTracker(LIMITS, 0, streaming=True)
    patience.opened(1)
    assert (patience.deadline().at, patience.deadline().setting) == (181, "FLOWISE_EVENT_TIMEOUT")
    patience.received(11, frame=False, heartbeat=True)
    assert (patience.deadline().at, patience.deadline().setting) == (86, "FLOWISE_SILENCE_TIMEOUT")


def test_heartbeats_do_not_stand_for_events() -> None:
    patience = DeadlineTracker(LIMITS, 0, streaming=True)
    patience.opened(0)
    for now in (30, 60, 90, 120, 150):
        patience.received(now, frame=False, heartbeat=True)
    assert (patience.deadline().at, patience.deadline().setting) == (180, "FLOWISE_EVENT_TIMEOUT")
    patience.received(170, frame=True, heartbeat=True)
    assert (patience.deadline().at, patience.deadline().setting) == (245, "FLOWISE_SILENCE_TIMEOUT")


def test_the_total_is_never_renewed_and_can_be_off() -> None:
    patience = DeadlineTracker(LIMITS, 0, streaming=True)
    patience.opened(0)
    patience.received(1795, frame=True, heartbeat=True)
    assert (patience.deadline().at, patience.deadline().setting) == (1800, "FLOWISE_TOTAL_TIMEOUT")

    endless = DeadlineTracker(Limits(total=0), 0, streaming=True)
    endless.opened(0)
    endless.received(100_000, frame=True, heartbeat=False)
    assert endless.deadline().at == 100_180


def test_a_deadline_names_its_setting_and_length() -> None:
    assert str(DeadlineTracker(LIMITS, 0, streaming=True).deadline()) == "FLOWISE_HEADERS_TIMEOUT ran out after 30 s"


def test_a_question_with_files_has_the_time_that_they_take_and_a_spoken_one_that_of_its_transcript() -> None:
    limits = Limits(headers=30, transcript=180, bytes_per_second=1000)
    deadline = DeadlineTracker(limits, 100, streaming=True, size=20_000).deadline()
    assert (deadline.at, deadline.setting) == (150, "FLOWISE_HEADERS_TIMEOUT")
    spoken = DeadlineTracker(limits, 100, streaming=True, hears=True, size=20_000).deadline()
    assert (spoken.at, spoken.setting) == (300, "the wait for a transcript")
