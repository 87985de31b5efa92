"""Lays out what admins see in the Home tab: figures, health, routes, and the settings in force with their origin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from bot.records.figures import Counted, Figures
from bot.slack import wording_of_home as wording
from bot.slack.home_blocks import aligned, channels_select, header, lines, marked_lines, section, select
from bot.slack.text.block import Block
from bot.slack.text.blocks import note, sentence_blocks

CHANNELS: Final = "home_channels"
"""The name of the action with which an admin chooses the channels of a flow."""

DEFAULT: Final = "home_default"
"""The name of the action with which an admin chooses the flow where no route fits."""

NOBODY: Final = "-"
"""The value of the option that chooses none; no flow has this name."""

_ROUTE = "home_route:"
_MOST_PICKERS = 20
_MOST_SETTINGS = 80


@dataclass(frozen=True, slots=True)
class ChannelPicker:
    """The channels from which App Home's own route leads to a flow."""

    flow: str
    title: str
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DefaultFlow:
    """The flow where no route fits, empty for none; `options` are the names and titles of all. `is_fixed`: it stands in
    the file."""

    chosen: str
    options: tuple[tuple[str, str], ...]
    is_fixed: bool


@dataclass(frozen=True, slots=True)
class AdminHome:
    """What an admin sees. `figures` are those of a day, a week and a month, None where they cannot be read; `health`
    has a name and a word on how it is, without secrets; `settings` a key, a value and its origin.

    `fixed_routes` are those of the file, in words; `default` is None where there is no file, and nothing to be set.
    """

    figures: tuple[Figures, ...] | None
    health: tuple[tuple[str, str], ...] = ()
    fixed_routes: tuple[str, ...] = ()
    pickers: tuple[ChannelPicker, ...] = ()
    default: DefaultFlow | None = None
    settings: tuple[tuple[str, str, str], ...] = ()
    is_rejected: bool = False


def admin_blocks(admin: AdminHome) -> list[Block]:
    """The blocks, the least important last."""
    return [
        header(wording.FOR_ADMINS),
        *(sentence_blocks(wording.REJECTED) if admin.is_rejected else ()),
        *_figures(admin.figures),
        header(wording.HEALTH),
        *lines(f"{name}: {state}" for name, state in admin.health),
        *_routes(admin),
        *_settings(admin.settings),
    ]


def flow_of(block_id: str) -> str:
    """The flow whose picker stands in a block; empty where there is none."""
    return block_id.removeprefix(_ROUTE) if block_id.startswith(_ROUTE) else ""


def figures_table(periods: Sequence[Figures]) -> Block:
    """The figures of a day, a week and a month side by side."""
    rows = [
        ("", *wording.COLUMNS),
        _row(wording.QUESTIONS, (found.questions for found in periods)),
        _row(wording.PEOPLE, (found.people for found in periods)),
        *(_row(label, (found[what] for found in periods)) for label, what in _ROWS),
        (wording.FIRST_TEXT, *(wording.within(found.median_first_text) for found in periods)),
        _row(wording.REFUSED, (found[Counted.REFUSED] for found in periods)),
        (
            wording.TOKENS,
            *(f"{found[Counted.TOKENS]:,}" if found[Counted.TOKENS] else wording.NO_FIGURE for found in periods),
        ),
    ]
    return aligned(rows)


_ROWS = (
    (wording.WHOLE, Counted.WHOLE),
    (wording.SENTENCE, Counted.SENTENCE),
    (wording.STOPPED, Counted.STOPPED),
    (wording.GOOD, Counted.GOOD),
    (wording.BAD, Counted.BAD),
)


def _row(label: str, numbers: Iterable[int]) -> tuple[str, ...]:
    return (label, *(f"{number:,}" for number in numbers))


def _figures(periods: tuple[Figures, ...] | None) -> tuple[Block, ...]:
    shown = section(wording.FIGURES_AWAY) if periods is None else figures_table(periods)
    return header(wording.FIGURES), shown


def _routes(admin: AdminHome) -> Iterable[Block]:
    yield header(wording.ROUTES)
    if admin.default is None:
        yield from sentence_blocks(wording.ROUTES_WITHOUT_FILE)
        return
    yield note(wording.ROUTES_ABOUT)
    yield from marked_lines(admin.fixed_routes)
    for picker in admin.pickers[:_MOST_PICKERS]:
        yield channels_select(
            CHANNELS, f"{_ROUTE}{picker.flow}", picker.title, wording.CHOOSE_CHANNELS, picker.channels
        )
    default, options = admin.default, ((NOBODY, wording.DEFAULT_NONE), *admin.default.options)
    if default.is_fixed:
        title = dict(options).get(default.chosen or NOBODY, default.chosen)
        yield from lines([f"{wording.DEFAULT}: {title} ({wording.SET_IN_FILE})"])
    else:
        yield select(DEFAULT, wording.DEFAULT, options, default.chosen or NOBODY)


def settings_blocks(settings: Sequence[tuple[str, str, str]]) -> tuple[Block, ...]:
    """Keys with their values and origins, those that are not at their default."""
    shown = [f"{key} = {value} ({origin})" for key, value, origin in settings[:_MOST_SETTINGS]]
    more = len(settings) - len(shown)
    return (*lines([*shown, wording.and_more(more) if more else ""]), *sentence_blocks(wording.SETTINGS_DEFAULTS))


def _settings(settings: Sequence[tuple[str, str, str]]) -> tuple[Block, ...]:
    return header(wording.SETTINGS), *settings_blocks(settings)
