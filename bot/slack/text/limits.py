"""Lists Slack's limits on the content of messages, each with its source, and our own limits below them.

Slack does not say whether it counts code points, UTF-16 units or bytes. We count UTF-16 units, as its clients do
(`bot.slack.text.escaping.units`), and stay below the numbers where the margin costs nothing.
"""

from __future__ import annotations

from typing import Final

MESSAGE_BLOCK_TEXT: Final = 10_000
"""All text of a message's blocks together, link targets counted too. Slack documents no number: messages of 11,341 to
13,200 characters were refused with msg_blocks_too_long (slackapi/bolt-js issues 2509 and 2867)."""

HALF_PAGE: Final = MESSAGE_BLOCK_TEXT // 2
"""Our choice: a block that does not fit goes to the next message if the current one holds this much."""

MESSAGE_BLOCKS: Final = 50
"""Blocks in one message (Slack docs, Blocks)."""

MESSAGE_TEXT: Final = 4_000
"""Top-level `text`, after escaping: chat.update answers msg_too_long above it, also where blocks are sent
(Slack docs, chat.update)."""

PLAIN_PAGE: Final = 3_000
"""Our choice: units of a page in plain text, after escaping; the rest of MESSAGE_TEXT is for the blocks under it."""

CONTEXT_TEXT: Final = 2_000
"""Text of one context element. The docs allow 3,000 for a text object (Slack docs, Text object); kept lower, because a
context line that long is no line."""

LINK_URL: Final = 3_000
"""A link's address: the documented limit of other URLs in blocks (Slack docs, Button element); longer ones are text."""

LAST_PAGE_TEXT: Final = 6_000
"""Our choice: what the last message of an answer that is given no more of them is filled to. The rest is for what
is under an answer: the sources with their targets, the tools, what failed and where the text goes on."""

LEADING_TEXT: Final = 300
"""Our choice: a heading up to this weight moves to the next message with the block below it."""

LIST_INDENT: Final = 8
"""Deepest level of a rich_text_list. Not documented; our choice, deeper items stay on this level."""

LIST_NUMBER: Final = 10_000
"""Our choice: the highest number of a list item. Slack documents none for `offset`; a larger one is written as text."""

QUESTION_TEXT: Final = 2_800
"""Our choice for a quoted question: what is shown of it, so that the message stays one screen."""

BUTTON_TEXT: Final = 75
"""The text of a button, and what is read aloud for it (Slack docs, Button element)."""

SOURCES: Final = 10
"""Our choice: entries in the list of sources."""

SOURCES_TEXT: Final = 2_500
"""Our choice: units of the whole list of sources, link targets counted too."""

SOURCE_TITLE: Final = 120
"""Our choice: units of one source's title; its detail gets as much."""

TOOLS: Final = 5
"""Our choice: tools named in one line."""

TOOL_NAME: Final = 60
"""Our choice: units of one tool's name."""

TASK_TITLE: Final = 200
"""Units of the title of a task or plan: 256 characters are documented for a stream's chunks (Slack docs,
chat.appendStream), none for blocks."""

STEPS: Final = 10
"""Our choice: steps shown of an answer that is being made. A person follows the last ones."""

TABLES: Final = 1
"""Tables in one message: a second is refused with only_one_table_allowed (Slack docs, Table block)."""

TABLE_ROWS: Final = 100
"""Rows of a table block, its header among them (Slack docs, Table block). Its text, 10,000 characters by the same
page, is under MESSAGE_BLOCK_TEXT already."""

TABLE_COLUMNS: Final = 20
"""Columns of a table block (Slack docs, Table block)."""

TABLE_WIDTH: Final = 88
"""Our choice: columns of a table drawn with aligned cells; about what a desktop client shows without wrapping."""

TABLE_TEXT: Final = 4_000
"""Our choice: units of a table drawn with aligned cells; a larger one is drawn without padding."""

TAIL_SOURCE: Final = 2_400
"""Our choice: characters of Markdown that may wait for their block's end before the block is cut. Links and tables at
most double it, so what waits stays under half a page and reaches back to the last message but one at the furthest."""

STREAM_BYTES: Final = 9_000
"""UTF-8 bytes of one streamed message, all calls together. Slack documents 12,000 characters a call; whole messages
were refused with msg_too_long at about 12,000 characters (CopilotKit issues 6064 and 6244), or from 10,600 bytes on
(openclaw issue 143882)."""

STREAM_FULL: Final = 7_500
"""Our choice: UTF-8 bytes after which a streamed message ends with the next paragraph."""

VIEW_BLOCKS: Final = 100
"""Blocks in a modal (Slack docs, Views)."""

VIEW_BYTES: Final = 200_000
"""Our choice: bytes of the JSON of a modal's blocks. A view of more than 250 kB is refused with view_too_large (Slack
docs, views.open)."""

PASSAGE_TEXT: Final = 3_000
"""Our choice: units of one passage, what a section block's text holds (Slack docs, Section block)."""
