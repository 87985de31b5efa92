"""Reads BOT_HELP_CONTACT: whom a person should ask when the bot fails, as a link that notifies nobody."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from bot.slack.text.escaping import clean, escape, one_line

NOBODY = "Tell your admin."
"""What is said where no contact is set."""

_CHANNEL = re.compile(r"[CG][A-Z0-9]{7,}")
_PERSON = re.compile(r"[UW][A-Z0-9]{7,}")
_LONGEST_LABEL = 80
EXPECTED = (
    "expected the id of a channel (C0123ABCD), the id and name of a person (U0123ABCD|Ada), "
    "or a web address and what it is called (https://help.example.com|the help desk)"
)


def asks(setting: str) -> str:
    """Whom to ask, as a sentence of Slack's mrkdwn; `setting` is BOT_HELP_CONTACT, possibly empty.

    A person is linked by Slack's redirect and not mentioned, because a mention notifies. Raises ValueError.
    """
    target, _, label = (part.strip() for part in setting.partition("|"))
    if not target:
        return NOBODY
    label = escape(one_line(clean(label)))[:_LONGEST_LABEL].replace("|", "").strip()
    if _CHANNEL.fullmatch(target):
        return f"Ask in <#{target}>."
    if _PERSON.fullmatch(target):
        return f"Ask <https://slack.com/app_redirect?channel={target}|{label or 'the person who looks after me'}>."
    parts = urlsplit(target)
    if parts.scheme in {"http", "https"} and parts.hostname and not re.search(r"[\s<>|]", target):
        return f"Ask <{escape(target)}|{label or parts.hostname}>."
    raise ValueError(EXPECTED)
