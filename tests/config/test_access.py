"""Who may ask, by the file: a table of rules and askers."""

from __future__ import annotations

import pytest

from bot.config.access import Asker, Facts, Refusal, facts, refusal
from tests.config.made import held

ADA, BOB = "U0ADA0001", "U0BOB0001"
ROOM, OTHER, DIRECT = "C0ROOM0001", "C0OTHER001", "D0ADA0001"
STAFF, TEMPS = "S0STAFF001", "S0TEMPS001"

TABLE: tuple[tuple[str, Asker, Refusal | None], ...] = (
    ("", Asker(ADA, ROOM), None),
    # Channels: a direct message is in none, nor is a modal.
    (f'channels.allow = ["{ROOM}"]', Asker(ADA, ROOM), None),
    (f'channels.allow = ["{ROOM}"]', Asker(ADA, OTHER), Refusal.CHANNEL),
    (f'channels.allow = ["{ROOM}"]', Asker(ADA, DIRECT), None),
    (f'channels.allow = ["{ROOM}"]', Asker(ADA, ""), None),
    (f'channels.deny = ["{ROOM}"]', Asker(ADA, ROOM), Refusal.CHANNEL),
    (f'channels.allow = ["{ROOM}"]\nchannels.deny = ["{ROOM}"]', Asker(ADA, ROOM), Refusal.CHANNEL),
    # People, and groups beside them.
    (f'people.allow = ["{ADA}"]', Asker(ADA, ROOM), None),
    (f'people.allow = ["{ADA}"]', Asker(BOB, ROOM), Refusal.PERSON),
    ("people.allow = []", Asker(ADA, DIRECT), Refusal.PERSON),
    (f'people.allow = ["{ADA}"]\npeople.deny = ["{ADA}"]', Asker(ADA, ROOM), Refusal.PERSON),
    (f'groups.allow = ["{STAFF}"]', Asker(ADA, ROOM, groups={STAFF: frozenset({ADA})}), None),
    (f'groups.allow = ["{STAFF}"]', Asker(BOB, ROOM, groups={STAFF: frozenset({ADA})}), Refusal.PERSON),
    (f'groups.allow = ["{STAFF}"]', Asker(ADA, ROOM, groups={STAFF: None}), Refusal.UNKNOWN),
    (f'groups.allow = ["{STAFF}"]\npeople.allow = ["{ADA}"]', Asker(ADA, ROOM, groups={STAFF: None}), None),
    (
        f'groups.allow = ["{STAFF}", "{TEMPS}"]',
        Asker(ADA, ROOM, groups={STAFF: None, TEMPS: frozenset({ADA})}),
        None,
    ),
    (f'groups.deny = ["{TEMPS}"]', Asker(ADA, ROOM, groups={TEMPS: frozenset({ADA})}), Refusal.PERSON),
    (f'groups.deny = ["{TEMPS}"]', Asker(ADA, ROOM, groups={TEMPS: frozenset()}), None),
    (f'groups.deny = ["{TEMPS}"]', Asker(ADA, ROOM, groups={TEMPS: None}), Refusal.UNKNOWN),
    (
        f'groups.deny = ["{TEMPS}"]\npeople.allow = ["{ADA}"]',
        Asker(ADA, ROOM, groups={TEMPS: frozenset({ADA})}),
        Refusal.PERSON,
    ),
    # Guests and outsiders.
    ("", Asker(ADA, ROOM, is_guest=True), None),
    ('guests = "refuse"', Asker(ADA, ROOM, is_guest=False), None),
    ('guests = "refuse"', Asker(ADA, ROOM, is_guest=True), Refusal.GUEST),
    ('guests = "refuse"', Asker(ADA, ROOM), Refusal.UNKNOWN),
    ('guests = "refuse"', Asker(ADA, ROOM, is_outsider=True), Refusal.OUTSIDER),
    ('guests = "refuse"\noutsiders = "answer"', Asker(ADA, ROOM, is_outsider=True), None),
    ('outsiders = "refuse"', Asker(ADA, ROOM, is_outsider=True), Refusal.OUTSIDER),
)


@pytest.mark.parametrize(("rules", "asker", "expected"), TABLE)
def test_who_may_ask(rules: str, asker: Asker, expected: Refusal | None) -> None:
    assert refusal(held(f"[access]\n{rules}\n").access, asker) is expected


def test_only_what_the_rules_are_about_is_looked_up() -> None:
    assert facts(held("").access) == Facts()
    assert facts(held('[access]\nguests = "refuse"\n').access) == Facts(guest=True)
    rules = f'[access]\ngroups.allow = ["{STAFF}"]\ngroups.deny = ["{TEMPS}"]\n'
    assert facts(held(rules).access).groups == {STAFF, TEMPS}


def test_the_setting_for_outsiders_holds_where_the_file_has_none() -> None:
    outsider = Asker(ADA, ROOM, is_outsider=True)
    assert refusal(held("").access, outsider) is Refusal.OUTSIDER
    assert refusal(held("", BOT_EXTERNAL_PEOPLE="answer").access, outsider) is None
