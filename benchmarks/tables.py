"""Knows how the figures of a measurement are printed: one answer beside many for each bot, then every run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.measuring import Row

_WIDTH = 17


def tables(rows: Sequence[Row], labels: Mapping[str, str]) -> str:
    """Both tables."""
    return "\n".join([*_short(rows, labels), "", *_long(rows, labels)])


def _short(rows: Sequence[Row], labels: Mapping[str, str]) -> list[str]:
    """A line for each bot: its smallest run, and what became of its largest."""
    head = f"{'bot':<{_WIDTH}} first text    mean     p95  calls  idle MB  with many at once"
    lines = [head]
    for bot in dict.fromkeys(row.bot for row in rows):
        mine = sorted((row for row in rows if row.bot == bot), key=lambda row: row.n)
        one, many = mine[0], mine[-1]
        lines.append(
            f"{labels[bot]:<{_WIDTH}} {_ms(one.first):>10} {_ms(one.mean):>7} {_ms(one.p95):>7} {one.calls:>6} "
            f"{one.idle:>8.0f}  {many.n}: {_fate(many)}"
        )
    return lines


def _fate(row: Row) -> str:
    whole = f"{row.whole} of {row.n} whole" if row.whole < row.n else f"all whole {row.worst:.1f} s after their ends"
    return f"mean {row.mean:.1f} s, no new word for {row.freeze:.0f} s, {row.refused} refused, {whole}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _long(rows: Sequence[Row], labels: Mapping[str, str]) -> list[str]:
    lines = [
        f"{'bot':<{_WIDTH}}  n  first   mean    p95 bound ratio calls 429s fail  end%    %  whole freeze ending  worst "
        "lost twice back cpu/1000  idle  peak"
    ]
    lines += [
        f"{labels[row.bot]:<{_WIDTH}} {row.n:>2} {row.first:>6.2f} {row.mean:>6.2f} {row.p95:>6.2f} "
        f"{row.bound:>5.2f} {row.ratio:>5.2f} {row.calls:>5} {row.refused:>4} {row.failed:>4} "
        f"{100 * row.shown_at_end:>5.1f} {100 * row.shown:>4.0f} {row.whole:>6} {row.freeze:>6.1f} "
        f"{row.ending:>6.2f} {row.worst:>6.2f} {row.lost:>4} {row.repeated:>5} {row.back:>4} {row.cpu:>8.2f} "
        f"{row.idle:>5.0f} {row.peak:>5.0f}"
        for row in rows
    ]
    return lines
