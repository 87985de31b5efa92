"""Sets the bot up, question by question: `python -m bot setup` tests the flow, makes the app and writes .env."""
