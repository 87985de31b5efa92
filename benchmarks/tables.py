"""Prints the figures of a measurement: one answer beside many for each bot, then every run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.measuring import Row

_WIDTH = 16


def tables(rows: Sequence[Row], labels: Mapping[str, str]) -> str:
    """Three tables: a line for each bot; how soon each run's words were seen; what arrived, and what it took."""
    return "\n".join([*_short(rows, labels), "", *_times(rows, labels), "", *_costs(rows, labels)])


def _short(rows: Sequence[Row], labels: Mapping[str, str]) -> list[str]:
    lines = [f"{'bot':<{_WIDTH}} first text    mean     p95  calls  with many at once"]
    for bot in dict.fromkeys(row.bot for row in rows):
        mine = sorted((row for row in rows if row.bot == bot), key=lambda row: row.n)
        one, many = mine[0], mine[-1]
        lines.append(
            f"{labels[bot]:<{_WIDTH}} {_ms(one.first):>10} {_ms(one.mean):>7} {_ms(one.p95):>7} {one.calls:>6}  "
            f"{many.n}: {_fate(many)}"
        )
    return lines


def _fate(row: Row) -> str:
    whole = f"{row.whole} whole" if row.whole < row.n else f"all whole, {row.ending:.1f} s after their ends"
    return f"mean {row.mean:.1f} s, frozen for {row.freeze:.0f} s at most, {row.refused} refused, {whole}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _times(rows: Sequence[Row], labels: Mapping[str, str]) -> list[str]:
    head = f"{'bot':<{_WIDTH}}  n  first   mean    p95   even  bound  ratio  freeze ending  worst  writes"
    return [
        head,
        *(
            f"{labels[row.bot]:<{_WIDTH}} {row.n:>2} {row.first:>6.2f} {row.mean:>6.2f} {row.p95:>6.2f} "
            f"{row.even:>6.2f} {row.bound:>6.2f} {row.ratio:>6.2f} {row.freeze:>7.2f} {row.ending:>6.2f} "
            f"{row.worst:>6.2f} {row.writes:>7}"
            for row in rows
        ),
    ]


def _costs(rows: Sequence[Row], labels: Mapping[str, str]) -> list[str]:
    head = (
        f"{'bot':<{_WIDTH}}  n asked whole  end%  later%  lost twice back calls 429s fail  CPU/1000  idle  peak  each"
    )
    return [
        head,
        *(
            f"{labels[row.bot]:<{_WIDTH}} {row.n:>2} {row.asked:>5} {row.whole:>5} {100 * row.shown_at_end:>5.0f} "
            f"{100 * row.shown:>7.0f} {row.lost:>5} {row.repeated:>5} {row.back:>4} {row.calls:>5} {row.refused:>4} "
            f"{row.failed:>4} {row.cpu:>9.2f} {row.idle:>5.0f} {row.peak:>5.0f} {(row.peak - row.idle) / row.n:>5.2f}"
            for row in rows
        ),
    ]
