"""The installation that a payload is for, as each kind of payload names it, and which installation covers it."""

from __future__ import annotations

import pytest

from bot.slack.installation import Installation, app_of, installation_of

OURS = {"enterprise_id": None, "team_id": "T1", "is_enterprise_install": False}
ORGANISATION = {"enterprise_id": "E1", "team_id": None, "is_enterprise_install": True}
AUTHOR = {"id": "U1", "team_id": "T9"}


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"api_app_id": "A1", "team_id": "T9", "authorizations": [OURS]}, Installation("A1", "", "T1", False)),
        ({"team_id": "T9", "context_team_id": "T9", "authorizations": [OURS]}, Installation("", "", "T1", False)),
        ({"team_id": "T9", "authorizations": [ORGANISATION]}, Installation("", "E1", "", True)),
        ({"team_id": "T9", "context_team_id": "T1", "authorizations": []}, Installation("", "", "T1")),
        ({"team_id": "T1", "enterprise_id": "E1", "authorizations": None}, Installation("", "E1", "T1")),
        ({"team_id": "T1", "authorizations": ["x"]}, Installation("", "", "T1")),
        ({"team_id": "T1", "event": {"team": "T9", "user_team": "T9"}}, Installation("", "", "T1")),
        ({"command": "/x", "team_id": "T1", "is_enterprise_install": "true"}, Installation("", "", "T1", True)),
        ({"command": "/x", "team_id": "T1", "is_enterprise_install": "false"}, Installation("", "", "T1", False)),
        ({"team": {"id": "T1", "enterprise_id": "E1"}, "user": AUTHOR}, Installation("", "E1", "T1")),
        ({"team": None, "enterprise": {"id": "E1"}, "user": AUTHOR, "is_enterprise_install": True},
         Installation("", "E1", "", True)),
        ({"team": {"id": "T9"}, "view": {"app_installed_team_id": "T1", "app_id": "A1"}}, Installation("A1", "", "T1")),
        ({"team": {"id": "T1"}, "view": {"team_id": "T9"}}, Installation("", "", "T1")),
        ({"user": AUTHOR}, Installation()),
        ({"team_id": 1, "team": "T1", "enterprise": [], "authorizations": {}}, Installation()),
    ],
)  # fmt: skip
def test_what_a_payload_names(body: dict[str, object], named: Installation) -> None:
    assert installation_of(body) == named


TEAM = Installation("A1", "", "T1", False)
IN_ORGANISATION = Installation("", "E1", "T1", False)
ORG_WIDE = Installation("A1", "E1", "T1", True)


@pytest.mark.parametrize(
    ("ours", "named", "covered"),
    [
        (TEAM, Installation("A1", "", "T1"), True),
        (TEAM, Installation("", "", "T1"), True),
        (TEAM, Installation("A1", "E1", "T1"), True),  # the workspace has joined an organisation since
        (TEAM, Installation("A2", "", "T1"), False),
        (TEAM, Installation("A1", "", "T2"), False),
        (TEAM, Installation("A1"), False),
        (TEAM, Installation("A1", "E1", "", True), False),
        (IN_ORGANISATION, Installation("A2", "E1", "T1"), True),  # whose app is not known
        (IN_ORGANISATION, Installation("", "E1", "T2", False), False),
        (IN_ORGANISATION, Installation("", "E1", "T2", True), False),
        (IN_ORGANISATION, Installation("", "E1", "", True), True),
        (IN_ORGANISATION, Installation("", "E2", "", True), False),
        (ORG_WIDE, Installation("A1", "E1", "", True), True),
        (ORG_WIDE, Installation("A1", "E1", "T2", True), True),
        (ORG_WIDE, Installation("A1", "E1", "T2"), True),
        (ORG_WIDE, Installation("A1", "E1", "T2", False), False),
        (ORG_WIDE, Installation("A1", "E2", "T2", True), False),
        (ORG_WIDE, Installation("A2", "E1", "T2", True), False),
    ],
)
def test_which_installation_covers_it(ours: Installation, named: Installation, covered: bool) -> None:
    assert ours.covers(named) is covered


@pytest.mark.parametrize(
    ("token", "app"),
    [("xapp-1-A0123ABCD-123456-abcdef", "A0123ABCD"), ("xapp-1-", ""), ("", ""), ("xoxb-1-A0123-2", "")],
)
def test_the_app_of_an_app_level_token(token: str, app: str) -> None:
    assert app_of(token) == app
