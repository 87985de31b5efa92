"""Holds every sentence that the bot says to a person about files that came with a question."""

from __future__ import annotations

from collections.abc import Sequence

from bot.slack.text.escaping import one_line, shorten

IN_WORDS = "Please ask me in words."
NOTHING_HEARD = "I couldn't make out any words in the voice clip, so please don't rely on this answer."
WITHOUT_WORDS = "(Nothing was written with the files: answer what they ask, or explain them if they ask nothing.)"

_MOST_NAMED = 3
_LONGEST_NAME = 60
_LONGEST_TRANSCRIPT = 400


def named(names: Sequence[str]) -> str:
    """Some files by their names, each on one line and cut."""
    shown = [shorten(one_line(name), _LONGEST_NAME) or "a file" for name in names[:_MOST_NAMED]]
    more = len(names) - _MOST_NAMED
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def heard(transcript: str) -> str:
    """Shown above the answer to a voice clip."""
    return f"Heard: {shorten(one_line(transcript), _LONGEST_TRANSCRIPT)}"


def forwarded(names: Sequence[str]) -> str:
    return f"I only read files that are sent with the question itself, so I left out {named(names)}."


def too_large(names: Sequence[str], limit: int) -> str:
    return f"I didn't read {named(names)}: I take files of up to {megabytes(limit)} each."


def too_much(names: Sequence[str]) -> str:
    return f"I didn't read {named(names)}: that was too much at once. Send it with a question of its own."


def empty(names: Sequence[str]) -> str:
    return f"I didn't read {named(names)}: there is nothing in it."


def no_images(names: Sequence[str]) -> str:
    return f"I can't look at pictures, so I answered without {named(names)}."


def not_this_image(names: Sequence[str], kinds: Sequence[str]) -> str:
    if not kinds:
        return no_images(names)
    return f"I can't look at {named(names)}. I can look at {_either(kinds)} pictures."


def no_voice(names: Sequence[str]) -> str:
    return f"I can't listen to recordings, so I answered without {named(names)}."


def not_this_clip(names: Sequence[str]) -> str:
    return f"I can't listen to {named(names)}. Record a clip in Slack, or write to me."


def words_and_voice(names: Sequence[str]) -> str:
    return f"I went by what you wrote and didn't listen to {named(names)}. Send a clip without words to have it heard."


def one_clip(names: Sequence[str]) -> str:
    return f"I listen to one recording at a time, so I left out {named(names)}."


def not_taken(names: Sequence[str], kinds: Sequence[str]) -> str:
    """`kinds` are the sorts of files that are read, none where no files are."""
    if not kinds:
        return f"I can't read documents here, so I answered without {named(names)}."
    return f"I can't read {named(names)}. I can read {_either(kinds)} files."


def canvas(names: Sequence[str]) -> str:
    return f"I can't read what is written in Slack's canvases and lists: {named(names)}. Copy the part you mean."


def external(names: Sequence[str]) -> str:
    return f"I can't open files that are kept outside Slack: {named(names)}. Upload the file itself."


def gone(names: Sequence[str]) -> str:
    return f"I couldn't read {named(names)}: it was deleted. Send it again."


def by_an_outsider(names: Sequence[str]) -> str:
    return f"I only read files of people in the organization that runs me, so I left out {named(names)}."


def may_not(names: Sequence[str]) -> str:
    return f"I don't have the permission to open {named(names)}. Whoever runs me can give it to me."


def not_fetched(names: Sequence[str]) -> str:
    return f"I couldn't get {named(names)} from Slack. Send it again."


def unreadable(names: Sequence[str]) -> str:
    return f"I found nothing to read in {named(names)}. Send it in another format, such as PDF or plain text in UTF-8."


def too_much_text(names: Sequence[str]) -> str:
    return f"There is too much text in {named(names)} for me. Send the part you mean."


def not_looked_at(names: Sequence[str]) -> str:
    return f"I couldn't look at {named(names)} this time. Send it again."


def perhaps_not_read(names: Sequence[str]) -> str:
    return f"I was interrupted while I was reading {named(names)}, so I may not know all of it."


def attached(names: Sequence[str]) -> str:
    """Said in place of an answer that is nothing but files, which are attached below it."""
    return f"Here {'is' if len(names) == 1 else 'are'} {named(names)}."


def not_fetched_here(names: Sequence[str], *, more: bool, alone: bool) -> str:
    """Files that the flow has made and does not give; with `more`, there are others whose names are not known."""
    return f"{_there(names, more=more, alone=alone)}, which I could not fetch."


def not_attached(names: Sequence[str], *, more: bool, alone: bool) -> str:
    """Files that Slack does not take, or one too many; `more` as above."""
    return f"{_there(names, more=more, alone=alone)}, which I could not attach."


def not_here(names: Sequence[str], *, more: bool, alone: bool) -> str:
    """Files beside an answer that one person reads alone, in a place where I may not write."""
    return f"{_there(names, more=more, alone=alone)}. Add me to the channel to get files too."


def _there(names: Sequence[str], *, more: bool, alone: bool) -> str:
    many = len(names) + more > 1 or not names
    also = "" if alone else " also"
    listed = " and ".join(
        (*([named(names)] if names else []), *([f"{'other ' if names else ''}files"] if more else []))
    )
    return f"There {'are' if many else 'is'}{also} {listed}"


def went_with(files: str) -> str:
    """Shown under the next answer where a flow has forgotten `files`, as `named` writes them."""
    return f"I no longer have what went with the question above ({files}). Send it again to ask about it."


def megabytes(limit: int) -> str:
    """A limit in bytes, as people say it."""
    return f"{limit / 1024**2:.3g} MB" if limit >= 1024**2 else f"{max(1, limit // 1024)} kB"


def _either(kinds: Sequence[str]) -> str:
    *most, last = kinds
    return f"{', '.join(most)} and {last}" if most else last
