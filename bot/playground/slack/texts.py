"""Checks the shapes and limits of text in blocks: text objects, and rich_text with all that may stand in it."""

from __future__ import annotations

from bot.playground.slack.shapes import Check, boolean, integer, listed, record, string, variant, word

# A link that Slack takes has a scheme and something behind it, and no white space or control characters in it.
URL = string(3_000, pattern=r"(?:https?://[^\s/?#\x00-\x1f]+|mailto:[^\s@]+@|tel:\+?[0-9])[^\s\x00-\x1f]*")
BLOCK_ID: dict[str, Check] = {"block_id": string(255)}
LONG = string(20_000)
"""Text that only the total of the message limits."""


def plain(most: int) -> Check:
    """A plain_text object of at most that many characters."""
    return variant({"plain_text": record({"text": string(most)}, {"emoji": boolean})})


def any_text(most: int) -> Check:
    """A plain_text or mrkdwn object."""
    return variant(
        {
            "plain_text": record({"text": string(most)}, {"emoji": boolean}),
            "mrkdwn": record({"text": string(most)}, {"verbatim": boolean}),
        }
    )


_STYLE = record({}, dict.fromkeys(("bold", "italic", "strike", "code", "underline"), boolean))
_STYLED: dict[str, Check] = {"style": _STYLE}
_TEXT = record({"text": LONG}, _STYLED)
_LINK = record({"url": URL}, {"text": LONG, "unsafe": boolean, **_STYLED})
_INLINE = variant(
    {
        "text": _TEXT,
        "link": _LINK,
        "emoji": record(
            {"name": string(255)},
            {
                "unicode": string(255, pattern="[0-9a-f]{1,5}(-[0-9a-f]{1,5})*"),
                "url": URL,
                "skin_tone": integer(1, 6),
                **_STYLED,
            },
        ),
        "user": record({"user_id": string(32, pattern="[UW][A-Z0-9]+")}, _STYLED),
        "usergroup": record({"usergroup_id": string(32, pattern="S[A-Z0-9]+")}, _STYLED),
        "channel": record({"channel_id": string(32, pattern="[CGD][A-Z0-9]+")}, _STYLED),
        "broadcast": record({"range": word("here", "channel", "everyone")}, _STYLED),
        "color": record({"value": string(16)}, _STYLED),
        "date": record(
            {"timestamp": integer(0, 2**53), "format": string(255)}, {"url": URL, "fallback": string(255), **_STYLED}
        ),
    }
)
_BORDER: dict[str, Check] = {"border": integer(0, 1)}
_SECTION = record({"elements": listed(_INLINE)})
RICH_TEXT = record(
    {
        "elements": listed(
            variant(
                {
                    "rich_text_section": _SECTION,
                    "rich_text_quote": record({"elements": listed(_INLINE)}, _BORDER),
                    "rich_text_preformatted": record(
                        {"elements": listed(variant({"text": _TEXT, "link": _LINK}))},
                        {"language": string(255), **_BORDER},
                    ),
                    "rich_text_list": record(
                        {
                            "style": word("bullet", "ordered"),
                            "elements": listed(variant({"rich_text_section": _SECTION})),
                        },
                        {"indent": integer(0, 8), "offset": integer(0, 100_000), **_BORDER},
                    ),
                }
            )
        )
    },
    BLOCK_ID,
)
