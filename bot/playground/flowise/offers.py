"""Lists the flows that are worth choosing in the playground, and describes them for people."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Offer:
    """A flow by its name, with a title and a sentence about it."""

    name: str
    title: str
    about: str


OFFERED: tuple[Offer, ...] = (
    Offer("rag", "Answer with sources", "Looks your question up in a handbook and says where the answer was found."),
    Offer("cites", "Cites its sources", "Marks each sentence with the number of the document that it is from."),
    Offer("plain", "Plain chat", "A model with a memory; ask it what you asked before."),
    Offer(
        "told", "Is told who asks", "Says who has asked, and where: it is told so by variables, not by the question."
    ),
    Offer("tools", "Tool agent", "Uses a tool, and drops what it said before; give it a sum such as 21*2."),
    Offer("agentflow", "Agent flow", "An agent flow with its nodes, their progress and a tool."),
    Offer("draws", "Draws and writes", "A tool that makes a chart, a table and a page; they come into the thread."),
    Offer("runs_code", "Runs code", "An agent flow that makes files by code, and tells of them in its text."),
    Offer("steps", "Many steps", "An agent flow with a loop, a tool and a thought; its steps are told while it works."),
    Offer("reasoning", "Slow to begin", "An agent flow that thinks for some seconds before its first word."),
    Offer("long", "Long answer", "Tables, lists and code in one long answer; or ask for one in 2000 words."),
    Offer("suggests", "Suggests and is rated", "Suggests what to ask next, after some seconds, and can be rated."),
    Offer("order", "Begins with a form", "Wants a form filled in before it takes your order; then it can be asked."),
    Offer("human", "Asks a person", "Stops for a person's decision, and takes a comment with it."),
    Offer("two_approvals", "Asks twice", "Stops for a decision, and after it for another one."),
    Offer(
        "tool_approval", "Asks before a tool", "Wants to be allowed to use its tool; it breaks if you ask it to fail."
    ),
)
"""The first is the one that a demo begins with."""
