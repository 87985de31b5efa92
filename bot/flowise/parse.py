"""Parses the messages of Flowise's stream, its JSON answers and its stored answers into events.

A message has two forms: what the server sends, with the type inside the JSON,

    data:{"event":"token","data":" hello"}

and what Flowise's documentation shows, with the type beside it and a token's text raw:

    event: token
    data:  hello
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

from bot.flowise.decisions import decision, without_tool_request
from bot.flowise.events import (
    AgentflowStarted,
    CalledTools,
    End,
    ErrorReported,
    Event,
    Metadata,
    ModelThinking,
    SourceDocuments,
    Token,
    TokensUsed,
    UsedTools,
    WordsWhole,
)
from bot.flowise.follow_ups import follow_up_prompts
from bot.flowise.json_text import read_json, write_json
from bot.flowise.metadata import mapping
from bot.flowise.result_files import KINDS, UNREADABLE, files_of_run, result_files
from bot.flowise.sources import one_line, with_passages
from bot.flowise.steps import (
    agent_running,
    agents_spoke,
    first_names,
    is_end_of_thinking,
    node_step,
    tool_names,
    traced_tools,
)
from bot.flowise.wire import LineHold

log = logging.getLogger(__name__)

# The server writes the event's name first. Where only the name matters, the data is not decoded: the whole run so far,
# after every node, with its prompts (120 kB of `agentFlowExecutedData` for an answer of 60 kB); what a model thinks.
_NAMED = re.compile(r'\{"event":"(\w+)"')
_NAMED_LINE = re.compile(rb'data: ?\{"event":"(\w+)"')
_READ_WHOLE = frozenset({"token", "action", "error"})
_OF_STEPS = frozenset({"calledTools", "tool", "agent_trace", "nextAgentFlow", "agentReasoning", "nextAgent"})
_READ_IF_IT_FITS = frozenset(
    {"agentFlowEvent", "sourceDocuments", "usedTools", "usageMetadata", "metadata", *_OF_STEPS, *KINDS}
)
_READ = _READ_WHOLE | _READ_IF_IT_FITS

_RAW_TEXT_EVENTS = frozenset({"start", "token", "thinking", "error", "abort", "end", "tool", "nextAgent"})

_LONGEST_NAME = 80
_LONGEST_ID = 200
# Characters of a transcript, which is shown above its answer.
_LONGEST_QUESTION = 2_000
# No model reads more at once; whatever is above is no count.
_MOST_TOKENS = 100_000_000
# In characters. An error's JSON goes into a log line, an answer's to people.
_LONGEST_ERROR = 4_000
_LONGEST_CODE = 200_000

# The parts of an answer other than its text, in a JSON answer and in a stored row.
_PARTS_BESIDE_TEXT = ("sourceDocuments", *KINDS, "usedTools", "action")

# A result without text is stored as its own JSON: {"text": ""}, or {"sourceDocuments": [...]} with the words of every
# chunk (measured on Flowise 3.1.4).
_PARTS_OF_A_RESULT = frozenset({"text", "sourceDocuments", "usedTools", "artifacts", "fileAnnotations"})


def parse(event: str, data: str) -> Event | None:
    """The event of a message of the stream; None where the bot has no use for it, or it cannot be read.

    `event` is the message's own type, empty where the stream names none. Never raises.
    """
    if event in ("", "message"):
        return _server_form(data)
    if event in _RAW_TEXT_EVENTS or event not in _READ:
        return _event(event, data)
    try:
        return _event(event, read_json(data))
    except ValueError:
        return _event(event, data)


def _server_form(data: str) -> Event | None:
    named = _NAMED.match(data)
    if named is not None and named[1] not in _READ:
        return ModelThinking(is_end_of_thinking(data)) if named[1] == "thinking" else _event(named[1], None)
    try:
        frame = read_json(data)
    except ValueError:
        if named is not None and named[1] in KINDS:
            return UNREADABLE
        if named is not None and named[1] in _OF_STEPS:
            return _event(named[1], None)
        log.debug("frame skipped: %d characters that are no JSON", len(data))
        return None
    event = frame.get("event") if isinstance(frame, dict) else None
    if not isinstance(frame, dict) or not isinstance(event, str):
        log.debug("frame skipped: no event named")
        return None
    return _event(event, frame.get("data"))


def hold(beginning: bytes) -> LineHold:
    """How much of a line of the stream is needed, judged by its first bytes."""
    named = _NAMED_LINE.match(beginning)
    name = named[1].decode() if named else ""
    if not name or name in _READ_WHOLE:
        return LineHold.WHOLE
    return LineHold.IF_IT_FITS if name in _READ_IF_IT_FITS else LineHold.BEGINNING


def _event(name: str, data: object) -> Event | None:  # noqa: C901, PLR0911, PLR0912 - one row of Flowise's table a case
    match name, data:
        case "token", str(text):
            return Token(text) if text else None
        case "sourceDocuments", _:
            return with_passages(data)
        case (("artifacts" | "fileAnnotations"), _):
            return result_files(data)
        case "usedTools", list():
            return UsedTools(tool_names(data))
        case "calledTools", list():
            return CalledTools(tool_names(data))
        case "tool", str(tool):
            return CalledTools(first_names([tool]))
        case "agent_trace", dict():
            return traced_tools(data)
        case "thinking", str(thought):
            return ModelThinking(ended=not thought)
        case "nextAgentFlow", _:
            return node_step(data) or AgentflowStarted()
        case "agentReasoning", _:
            return agents_spoke(data) or AgentflowStarted()
        case "nextAgent", _:
            return agent_running(data) or AgentflowStarted()
        case ("agentFlowEvent", "FINISHED") | ("tts_start", _):
            return WordsWhole()
        case "agentFlowEvent", _:
            return AgentflowStarted()
        case "action", _:
            return decision(data)
        case "usageMetadata", {"total_tokens": int(count)} if 0 < count <= _MOST_TOKENS:
            return TokensUsed(count)
        case "metadata", dict():
            return _metadata(data)
        case "error", _:
            return ErrorReported(data if isinstance(data, str) else write_json(data, _LONGEST_ERROR))
        case "abort", _:
            return ErrorReported("the run was aborted")
        case "end", _:
            return End()
    # Among them `start`, whose data may repeat the first token, the sound of an answer.
    log.debug("event skipped: %s", one_line(name, _LONGEST_NAME))
    return None


def whole_answer(body: object) -> tuple[Event, ...] | None:
    """The events of a JSON answer, without an `End`; None where it is no answer of Flowise's.

    With an output parser an answer has no `text`, only `json` (measured on Flowise 3.1.4): that is shown as code.
    """
    if not isinstance(body, dict) or not body.keys() & {"text", "json", "chatId", "chatMessageId"}:
        return None
    events: list[Event | None] = [_answer_text(body)]
    events += [_event(name, body[name]) for name in _PARTS_BESIDE_TEXT if body.get(name)]
    events += [files_of_run(body.get("agentFlowExecutedData")), _metadata(body)]
    return tuple(event for event in events if event is not None)


def stored_text(content: object) -> str:
    """The text in the `content` of a stored answer; empty where it has none."""
    is_text = isinstance(content, str) and not _is_result_without_text(content)
    return without_tool_request(str(content)) if is_text else ""


def stored_events(row: Mapping[str, object]) -> tuple[Event, ...]:
    """The events of a stored answer that are shown, without `Metadata` and `End`; empty where it says nothing.

    The parts of a row are values, or their JSON as it is in the database where the server could not parse it (Flowise
    3.1.4, `parseAPIResponse`).
    """
    text = stored_text(row.get("content"))
    events: list[Event | None] = [Token(text) if text else None]
    events += [_event(name, _unpacked(row[name])) for name in _PARTS_BESIDE_TEXT if row.get(name)]
    if not text:
        result = mapping(row.get("content"))
        events.append(result_files([result[kind] for kind in KINDS if result.get(kind)]))
    return tuple(event for event in events if event is not None)


def stored_metadata(row: Mapping[str, object], chat_id: str) -> Metadata:
    """What a stored row tells beside what is shown of it: its id, and what its flow suggests to go on with."""
    told = {"chatId": chat_id, "chatMessageId": row.get("id"), "followUpPrompts": row.get("followUpPrompts")}
    return _metadata(told)


def stored_sources(stored: object) -> SourceDocuments | None:
    """The documents of a stored answer, with their texts; None where it has none."""
    return with_passages(_unpacked(stored))


def _unpacked(stored: object) -> object:
    if not isinstance(stored, str):
        return stored
    try:
        return read_json(stored)
    except ValueError:
        return None


def _is_result_without_text(content: str) -> bool:
    try:
        stored = read_json(content)
    except ValueError:
        return False
    return isinstance(stored, dict) and stored.keys() <= _PARTS_OF_A_RESULT and not stored.get("text")


def _answer_text(body: Mapping[str, object]) -> Token | None:
    text = body.get("text")
    if isinstance(text, str):
        said = without_tool_request(text)
        return Token(said) if said else None
    value = text if text is not None else body.get("json")
    if value is None:
        return None
    code = write_json(value, _LONGEST_CODE, indented=True)
    longest = max((len(run) for run in re.findall("`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return Token(f"{fence}json\n{code}\n{fence}")


def _metadata(data: Mapping[str, object]) -> Metadata:
    ids = (data.get(key) for key in ("chatId", "chatMessageId"))
    chat_id, message_id = (value if isinstance(value, str) and len(value) <= _LONGEST_ID else "" for value in ids)
    question = data.get("question")
    heard = question[:_LONGEST_QUESTION] if isinstance(question, str) else ""
    return Metadata(chat_id, message_id, heard, follow_up_prompts(data.get("followUpPrompts")))
