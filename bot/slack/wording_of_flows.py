"""What people read where a bot has several flows: which has answered, and why none does."""

from __future__ import annotations

from bot.slack.text.escaping import escape

GONE = (
    "What answered in this conversation is no longer here. To go on with what answers here today, write "
    "`new conversation`."
)
NONE_HERE = "I have nothing to answer with here. Please ask me in another channel, or ask an admin of mine."
CHANGED = "What answers here was exchanged, so I've started fresh and don't remember what was said above."


def not_from_here(title: str) -> str:
    """Why the one that a question names is not asked."""
    return f"I can't ask {title} from here. Please ask me in another channel, or ask an admin of mine."


def of_another(title: str, ours: str) -> str:
    """Why the one that a question names is not asked in the conversation of `ours`."""
    return (
        f"{ours} answers in this conversation. To ask {title}, mention me outside this thread or, in a direct message, "
        "write `new conversation` first."
    )


def answered_by(title: str) -> str:
    """What stands under an answer that another one could have given, in Slack's markup."""
    return f"Answered by {escape(title)}."
