"""Defines the flows of the local Flowise that make files: a tool that draws, and a model that runs code.

The shapes of their events are measured on Flowise 3.1.4.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Final

from bot.playground.flowise import agentflow
from bot.playground.flowise.agentflow import LLM, Trace
from bot.playground.flowise.plans import (
    Plan,
    PlanStep,
    PredictionRequest,
    RunOutcome,
    after_tokens,
    chat_closing,
    chat_reply,
    one_piece,
)
from bot.playground.flowise.wire import END, frame

_SOLD: Final = (("Mon", 12), ("Tue", 19), ("Wed", 8), ("Thu", 23), ("Fri", 30))
_TABLE: Final = "day,sold\n" + "".join(f"{day},{sold}\n" for day, sold in _SOLD)
_PAGE: Final = "<!doctype html>\n<title>Sold</title>\n<h1>Sold this week</h1>\n"
_REPORT: Final = b"%PDF-1.4\n1 0 obj\nBT (Sold this week: 92.) Tj ET\n"


def stored(name: str) -> str:
    """How Flowise names a file that it keeps."""
    return f"FILE-STORAGE::{name}"


def draws(asked: PredictionRequest) -> Plan:
    """A Tool Agent whose tool draws a chart and writes a table; the list of artifacts comes again while it grows."""
    chart = {"type": "png", "data": stored("chart.png")}
    text = asked.about_files("Here is what was sold this week. I'm a stand-in model, so the figures are made up.")
    artifacts = [chart, {"type": "markdown", "data": _in_markdown()}, {"type": "html", "data": _PAGE}]
    made = {"chart.png": bars([sold for _, sold in _SOLD])}
    outcome = RunOutcome(text, used_tools=[_tool()], artifacts=artifacts, made=made)
    steps = [PlanStep(data=frame("start", "")), *asked.say(text), PlanStep(data=frame("artifacts", [chart]))]
    steps += [PlanStep(data=data) for data in after_tokens(outcome)]
    return Plan(tuple(steps), closing=chat_closing(asked), outcome=outcome, reply=chat_reply(asked, outcome))


def runs_code(asked: PredictionRequest) -> Plan:
    """An agent flow whose model runs code: pictures are artifacts, other files annotations, and come twice."""
    text = "I have counted: [the table](sandbox:/mnt/data/sold.csv), and as a [report](sandbox:/mnt/data/report.pdf)."
    text = asked.about_files(f"{text} I'm a stand-in model, so the figures are made up.")
    names = ("sold.csv", "report.pdf", "page.html")
    annotations = [{"filePath": stored(name), "fileName": name} for name in names]
    made = {
        "chart.png": bars([sold for _, sold in _SOLD]),
        "sold.csv": _TABLE.encode(),
        "report.pdf": _REPORT,
        "page.html": _PAGE.encode(),
    }
    artifacts = [{"type": "png", "data": stored("chart.png")}]
    outcome = RunOutcome(text, artifacts=artifacts, file_annotations=annotations, made=made)
    trace, given = Trace(), agentflow.messages(asked.question)
    opening = trace.begin() + trace.start_node(asked.question) + trace.enter(LLM)
    aborted = trace.aborted(LLM)
    ending = [*after_tokens(outcome), frame("fileAnnotations", annotations), frame("calledTools", [])]
    ending += [trace.leave(LLM, given, {"content": text}), trace.finish()]
    steps = [PlanStep(data=opening), *asked.say(text), *(PlanStep(data=data) for data in ending)]
    run = {"executionId": asked.execution_id, agentflow.EXECUTED: trace.executed, "sessionId": asked.chat_id}
    return Plan(
        tuple(steps),
        closing=frame("metadata", asked.ids()) + END,
        outcome=outcome,
        reply=one_piece(asked, outcome, run),
        aborted=aborted,
    )


def bars(heights: Sequence[int], *, width: int = 36, scale: int = 5) -> bytes:
    """A chart of bars as a PNG."""
    tall = max(heights) * scale + 10
    light, dark = b"\xf4\xf5\xf7", b"\x36\x6c\xa8"
    rows = bytearray()
    for y in range(tall):
        rows.append(0)  # no filter
        for height in heights:
            colour = dark if tall - y <= height * scale else light
            rows += light * 6 + colour * (width - 12) + light * 6
    header = struct.pack(">IIBBBBB", len(heights) * width, tall, 8, 2, 0, 0, 0)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(bytes(rows), 9)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _in_markdown() -> str:
    rows = "\n".join(f"| {day} | {sold} |" for day, sold in _SOLD)
    return f"| Day | Sold |\n|---|---|\n{rows}"


def _tool() -> dict[str, object]:
    return {"tool": "draw_chart", "toolInput": {"input": "sold this week"}, "toolOutput": "made a chart"}
