"""Holds one long answer: a guide to the bot with tables, lists within lists, code and links, true of this project."""

from __future__ import annotations

GUIDE = """\
*I'm a stand-in model, not an AI:* whatever you ask here, I answer with this guide. It is **one long answer**, so \
that you can see how such a one looks: it grows while it is written, and what does not fit into one message goes on in \
the next. Everything in it is true of this bot.

# A short guide to Flowise for Slack

## Where to write

| where | what you write | what happens |
| --- | --- | --- |
| a channel | a mention and a question | an answer in the thread under your message |
| that thread | just the next message | a follow-up in the same Flowise chat |
| that thread | a mention and *quiet* | silence until the bot is mentioned again |
| a direct message | anything | an answer, without a thread |
| anywhere but in a thread | `/flowise` and a question | the channel sees who asked what |

Three habits are worth having:

1. **One thread, one subject.** A thread is one chat in Flowise.
   - What was said there is remembered for 30 days after its last use.
   - *new conversation* begins a new chat in the same thread.
     - In a direct message, `/flowise new` does the same.
2. **Ask in whole sentences.** The flow sees your words and not your mood.
   - Up to 20 earlier messages go along when a thread was begun by others.
   - Mentions and links reach Flowise as text that a model can read.
3. **Look at the sources.** They stand under the answer, numbered.

> An edit that adds the mention within ten minutes counts as a question; other edits do not.

## Connecting your own Flowise

Copy `.env.example` to `.env`, and fill in what has no value there:

```sh
SLACK_BOT_TOKEN=xoxb-...
SLACK_APP_TOKEN=xapp-...
FLOWISE_URL=http://localhost:3000
FLOWISE_CHATFLOW_ID=the-last-part-of-its-address
# Only where a key is bound to the chatflow:
FLOWISE_API_KEY=
```

Then let the doctor look at it before anybody asks a question:

```sh
make doctor
make run
```

The settings that people change first:

| setting | default | meaning |
| --- | ---: | --- |
| `SLACK_EDIT_INTERVAL` | 1.2 | seconds between two edits of one answer, in the long run |
| `SLACK_DELIVERY` | | `stream` and `auto` use Slack's own streaming; unset, by edits |
| `BOT_FOLLOW_UPS` | all | `mentions`: only messages that mention the bot are questions |
| `BOT_MOST_MESSAGES` | 10 | a longer answer is attached as a file from there on |
| `BOT_CONVERSATION_DAYS` | 30 | how long a thread is remembered |

## When something goes wrong

| what happens | what you read | what the bot does |
| --- | --- | --- |
| Flowise is down | that there is no answer right now | asks once more where nothing can have started |
| an answer breaks off | that it is *incomplete* | keeps what has come |
| Flowise fails three times | when to try again | leaves it alone for a while |
| Slack limits the rate | nothing | writes less often for some minutes |
| the bot is restarted | the answer, a little later | goes on with what was asked |

Under every such sentence stands a small `Reference for support: 3fa9c1d0`; the line in the log has it too. \
~~Stack traces~~ are for the log alone.

## What it does not do yet

- It does **not** read the files of earlier messages; it names them.
- It is for one workspace and one chatflow:
  - a second chatflow is a second bot, with an app of its own;
  - a second workspace, too.

## Further reading

- [Flowise's documentation](https://docs.flowiseai.com/), for building the flow itself
- [Flowise on GitHub](https://github.com/FlowiseAI/Flowise)
- [Slack's page for apps](https://api.slack.com/apps), where the manifest goes
- in this project: `README.md`, `docs/operating.md`, `docs/reliability.md`

Ask for an answer `in 200 words`, or in 2000, and you get one of exactly that length.
"""
