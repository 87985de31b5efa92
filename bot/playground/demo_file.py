"""Writes the configuration file of the demo in the browser: two flows, and ada as an admin."""

from __future__ import annotations

import json
from pathlib import Path

from bot.playground.flowise import LocalFlowise
from bot.playground.slack import LocalSlack


def written(folder: Path, slack: LocalSlack, flowise: LocalFlowise, chatflow_id: str) -> Path:
    """Write the file, and the key of the local Flowise beside it; returns its path.

    The flow of `chatflow_id` answers at FLOWISE_URL: it is the one that the page chooses. The other is always the local
    handbook, for direct messages, so that there is something to choose in the Home tab.
    """
    key = folder / "flowise.key"
    key.touch(mode=0o600)
    key.write_text(flowise.api_key or "", encoding="utf-8")
    secret = f"api_key_file = {json.dumps(str(key))}" if flowise.api_key else ""
    file = folder / "bot.toml"
    file.write_text(
        f"""default = "chosen"

[flows.chosen]
chatflow_id = {json.dumps(chatflow_id)}
title = "The chosen flow"
description = "Answers as the flow that is chosen under Controls."

[flows.handbook]
chatflow_id = {json.dumps(flowise.flow("rag"))}
url = {json.dumps(flowise.url)}
{secret}
title = "The handbook"
description = "Knows how to set this bot up."

[[routes]]
flow = "chosen"
direct_messages = true

[[routes]]
flow = "handbook"
direct_messages = true

[admins]
people = [{json.dumps(slack.user("ada"))}]
""",
        encoding="utf-8",
    )
    return file
