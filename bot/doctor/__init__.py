"""Knows what can be seen of the bot's surroundings without asking a question: `python -m bot doctor`."""
