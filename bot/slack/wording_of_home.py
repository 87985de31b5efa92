"""What people and admins read in the bot's Home tab, and in reply to the commands that belong to it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.slack.wording import listed

ASKABLE = "What you can ask"
NOTHING_HERE = (
    "There is nothing that you can ask in a direct message. Please ask me in a channel, or ask an admin of mine."
)
ASKED = "I have your question. The answer comes under *Messages*."
OWN = "Your own settings"
OWN_FLOW = "Who answers your direct messages"
OWN_FLOW_ANY = "As set by my admins"
FOR_ADMINS = "For admins"
FIGURES = "Figures"
FIGURES_AWAY = "I can't read the figures right now. Please open this tab again in a minute."
HEALTH = "Health"
ROUTES = "Channels"
ROUTES_ABOUT = (
    "In a channel that is chosen here, that flow answers. The configuration file goes before what is set here."
)
ROUTES_WITHOUT_FILE = (
    "There is one flow, which answers everywhere. To have several, set `BOT_CONFIG` to a configuration file."
)
CHOOSE_CHANNELS = "Choose channels"
DEFAULT = "Everywhere else"
DEFAULT_NONE = "Nobody: a sentence says so"
SET_IN_FILE = "set in the configuration file"
SETTINGS = "Settings in force"
SETTINGS_DEFAULTS = "Everything else is at its default. `python -m bot config` lists all of it."
REJECTED = "The configuration file, as it is now, was rejected. What was read before it holds."
NOT_SAVED = "I couldn't save that just now, so nothing has changed. Please try again in a minute."
NOT_ADMIN = "Only my admins can do this. Please ask one of them."
NO_CHANNEL = "Only channels can be chosen here, so nothing has changed."
IN_FILE = "This is set in the configuration file, so it can't be changed here."
FLOW_GONE = "This is no longer one of my flows, so nothing has changed."
ONLY_IN_DM = "You can choose who answers your direct messages. Please use this command there."

COLUMNS = ("day", "week", "month")
QUESTIONS = "Questions"
PEOPLE = "People, about"
WHOLE = "Answered in full"
SENTENCE = "Ended with a sentence"
STOPPED = "Stopped by people"
GOOD = "Rated good"
BAD = "Rated bad"
FIRST_TEXT = "First text, median"
REFUSED = "Refused"
TOKENS = "Tokens used"
NO_FIGURE = "–"

SLACK = "Slack"
REDIS = "Redis"
FLOWISE = "Flowise"
OK = "ok"
AWAY = "cannot be reached"
VALUE_SET = "set"
VALUE_NOT_SET = "not set"


def within(seconds: float | None) -> str:
    """A median wait, as the end of its group."""
    if seconds is None:
        return NO_FIGURE
    return f"< {seconds:g} s" if seconds < float("inf") else "> 120 s"


def own_flow(title: str) -> str:
    """Who answers somebody's direct messages from now on; empty: whom the admins have set."""
    if not title:
        return "Your direct messages are answered as my admins have set it, from the next conversation on."
    return f"{title} answers your direct messages, from the next conversation on. `new conversation` begins one."


def not_a_flow(titles: Sequence[str]) -> str:
    """What was typed is none of those that can be chosen."""
    if not titles:
        return "There is nobody to choose from."
    return f"I don't know that one. You can choose {_either(titles)}."


def _either(titles: Sequence[str]) -> str:
    return listed([f"`{title}`" for title in titles], most=10)


def route_in_file(title: str, channels: Sequence[str], words: str, where: str) -> str:
    """A route that stands in the file, in Slack's markup: its flow, and on which conditions that answers."""
    conditions = "; ".join(filter(None, [", ".join(channels), words, where]))
    return f"{title}: {conditions} ({SET_IN_FILE})"


def route_is_direct(*, is_direct: bool | None) -> str:
    """The condition of a route on direct messages; empty for none."""
    if is_direct is None:
        return ""
    return "direct messages" if is_direct else "not in direct messages"


def and_more(count: int) -> str:
    return f"… and {count} more"
