"""Holds the sentences about forms, which stand beside those of `bot.slack.wording`."""

from __future__ import annotations

from bot.slack.wording import CANCEL, SEND

__all__ = ["CANCEL", "SEND"]

FORM_NEEDED = "I need some details before I begin. Please fill in the form."
FORM_NEEDED_ELSEWHERE = "I begin with a form, which I can't show here. Please ask me in a direct message."
OPEN_FORM = "Fill in the form"
FORM_TITLE = "Details"
FORM_NOT_YOURS = "Only the person who asked can fill in this form. Please ask me yourself."
FORM_SENT = "This form was sent already."
FORM_CHANGED = "This form has changed since you opened it. Please close it and open it again."
FORM_OUTDATED = "The form has changed since you filled it in. Please ask me again."
FORM_GONE = "There is no form to fill in right now. Please ask me again."
FILES_LEFT_OUT = "I couldn't take the attached files along with the form."
FIELD_EMPTY = "Please fill this in."
NO_NUMBER = "Please write a number, such as 3 or 2.5."
YES = "Yes"
NO = "No"
