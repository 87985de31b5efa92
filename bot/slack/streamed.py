"""Writes what a call adds to a streamed message as the arguments of Slack's streaming methods."""

from __future__ import annotations

from collections.abc import Sequence

from bot.slack.text.steps_blocks import Task


def streamed(markdown: str, tasks: Sequence[Task] = (), plan: str = "") -> dict[str, object]:
    """The arguments for some Markdown and tasks, in chunks where it is more than Markdown: both arguments together are
    refused (vercel/chat issue 886). Tasks come first, as they are what was done for the text."""
    chunks: list[dict[str, object]] = [
        {"type": "task_update", "id": task.id, "title": task.title, "status": task.status} for task in tasks
    ]
    if plan:
        chunks.append({"type": "plan_update", "title": plan})
    if not chunks:
        return {"markdown_text": markdown or None}
    return {"chunks": [*chunks, *([{"type": "markdown_text", "text": markdown}] if markdown else [])]}
