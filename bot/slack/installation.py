"""Names the installation of an app that a payload of Slack's is for: of an event, a command, an action or a view.

An event's is in `authorizations[0]`: in a channel that organisations share, the other ids of the envelope may be of the
organisation that the author belongs to (Slack docs, The Events API). Who has written or pressed something is never
looked at: that somebody of another organisation does so is another matter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.slack.fields import part, string

# xapp-1-A0123ABCD-<digits>-<hex digits>
_APP_TOKEN = re.compile(r"xapp-\d+-(?P<app>A[A-Z0-9]+)-", re.ASCII)


@dataclass(frozen=True, slots=True)
class Installation:
    """An app in a workspace or, where `is_org_wide`, in all workspaces of an organisation.

    `app`, `enterprise` and `team` are Slack's ids ("A…", "E…", "T…"), each empty where it is not known. `is_org_wide`
    is None where a payload does not tell.
    """

    app: str = ""
    enterprise: str = ""
    team: str = ""
    is_org_wide: bool | None = None

    def covers(self, named: Installation) -> bool:
        """Whether what a payload names is this installation.

        A team decides alone where both are known: its id stays when the workspace joins an organisation. An
        installation of a whole organisation is named by any of its workspaces, or by the organisation alone.
        """
        if self.app and named.app and self.app != named.app:
            return False
        if named.team and named.team == self.team:
            return True
        if not named.enterprise or named.enterprise != self.enterprise:
            return False
        return not named.team or (self.is_org_wide is True and named.is_org_wide is not False)


def installation_of(body: Mapping[str, object]) -> Installation:
    """The installation that a payload is for; without a team and an organisation where it names none."""
    app, authorized = string(body, "api_app_id"), _first(body.get("authorizations"))
    if string(authorized, "team_id") or string(authorized, "enterprise_id"):
        return Installation(
            app, string(authorized, "enterprise_id"), string(authorized, "team_id"), _is_org_wide(authorized)
        )
    team, view = part(body, "team"), part(body, "view")
    return Installation(
        app or string(view, "app_id"),
        string(part(body, "enterprise"), "id")
        or string(team, "enterprise_id")
        or string(body, "context_enterprise_id")
        or string(body, "enterprise_id"),
        string(view, "app_installed_team_id")
        or string(team, "id")
        or string(body, "context_team_id")
        or string(body, "team_id"),
        _is_org_wide(body),
    )


def app_of(app_token: str) -> str:
    """The id of the app that an app-level token belongs to; empty where it does not tell."""
    named = _APP_TOKEN.match(app_token)
    return named["app"] if named else ""


def _is_org_wide(values: Mapping[str, object]) -> bool | None:
    """JSON says it as a boolean, the form of a slash command as a text."""
    value = values.get("is_enterprise_install")
    return None if value is None else value in (True, "true")


def _first(values: object) -> Mapping[str, object]:
    first = values[0] if isinstance(values, list) and values else None
    return first if isinstance(first, Mapping) else {}
