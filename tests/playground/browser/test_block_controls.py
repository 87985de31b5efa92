"""Who acts on an element sends what Slack would send, is asked first where the app wants it, and sees the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from tests.playground.browser.gallery import Gallery, gallery_in
from tests.playground.browser.samples import CONFIRM, MODAL, button, mrkdwn, option, plain

pytestmark = pytest.mark.browser


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shared(chromium: Browser) -> AsyncIterator[Gallery]:
    async with gallery_in(chromium) as shown:
        yield shown


@pytest_asyncio.fixture(loop_scope="session")
async def gallery(shared: Gallery) -> Gallery:
    """The one page of all tests here, with nothing sent, held or refused."""
    await shared.page.evaluate(
        "Object.assign(gallery, { sent: [], opened: [], mentioned: [], refuse: '', held: null })"
    )
    return shared


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "block_id": "b1", "elements": list(elements)}


async def acted(gallery: Gallery) -> dict[str, Any]:
    """The one action that was sent, without its ids, which are looked at here."""
    [sent] = await gallery.sent(1)
    action: dict[str, Any] = sent["action"]
    assert (sent["block_id"], sent["action_id"]) == (action.pop("block_id"), action.pop("action_id")) == ("b1", "it")
    return action


A, B = option("a"), option("b")
PEOPLE: dict[str, Any] = {"action_id": "it"}


async def test_a_button_sends_its_value(gallery: Gallery) -> None:
    shown = await gallery.draw(actions({"type": "button", "action_id": "it", "text": plain("Go"), "value": "v"}))
    await shown.get_by_role("button", name="Go").click()
    assert await acted(gallery) == {"type": "button", "value": "v", "text": plain("Go")}


async def test_a_button_with_an_address_opens_it_and_tells_the_app(gallery: Gallery) -> None:
    url = "https://example.com/"
    shown = await gallery.draw(actions({"type": "button", "action_id": "it", "text": plain("Go"), "url": url}))
    await shown.get_by_role("button", name="Go").press("Enter")
    assert await acted(gallery) == {"type": "button", "text": plain("Go"), "url": url}
    assert await gallery.page.evaluate("gallery.opened") == [url]


SELECTS: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("static_select", {"options": [A, B]}, "Option b", {"selected_option": B}),
    ("static_select", {"option_groups": [{"label": plain("G"), "options": [A]}]}, "Option a", {"selected_option": A}),
    ("users_select", {}, "Ada", {"selected_user": "U1"}),
    ("channels_select", {}, "general", {"selected_channel": "C1"}),
    ("conversations_select", {}, "Ada", {"selected_conversation": "D1"}),
    ("conversations_select", {"filter": {"include": ["public"]}}, "general", {"selected_conversation": "C1"}),
]


@pytest.mark.parametrize(("kind", "more", "label", "chosen"), SELECTS)
async def test_a_select_sends_what_was_chosen(
    gallery: Gallery, kind: str, more: dict[str, Any], label: str, chosen: dict[str, Any]
) -> None:
    shown = await gallery.draw(actions({"type": kind, "action_id": "it", **more}))
    await shown.get_by_role("combobox").select_option(label=label)
    assert await acted(gallery) == {"type": kind, **chosen}


async def test_a_select_of_several_sends_all_of_them_and_no_more_than_may_be(gallery: Gallery) -> None:
    element = {"type": "multi_users_select", "action_id": "it", "initial_users": ["U2"], "max_selected_items": 2}
    shown = await gallery.draw(actions(element))
    await shown.locator("summary").press("Enter")
    await shown.get_by_role("checkbox", name="Ada").check()
    assert await acted(gallery) == {"type": "multi_users_select", "selected_users": ["U1", "U2"]}
    await expect(shown.locator("summary")).to_have_text("Choose 2 chosen")


async def test_no_more_can_be_chosen_than_the_app_allows(gallery: Gallery) -> None:
    element = {"type": "multi_static_select", "action_id": "it", "options": [A, B], "max_selected_items": 1}
    shown = await gallery.draw(actions(element))
    await shown.locator("summary").click()
    await shown.get_by_role("checkbox", name="Option a").check()
    await shown.get_by_role("checkbox", name="Option b").click()
    assert await shown.locator("input:checked").count() == 1
    assert (await gallery.sent(1))[-1]["action"]["selected_options"] == [A]


async def test_boxes_and_dates_send_what_stands_in_them(gallery: Gallery) -> None:
    shown = await gallery.draw(
        actions({"type": "checkboxes", "action_id": "it", "options": [A, B], "initial_options": [A]})
    )
    await shown.get_by_role("checkbox", name="Option b").check()
    assert await acted(gallery) == {"type": "checkboxes", "selected_options": [A, B]}
    shown = await gallery.draw(actions({"type": "radio_buttons", "action_id": "it", "options": [A, B]}))
    await shown.get_by_role("radio", name="Option b").check()
    assert await acted(gallery) == {"type": "radio_buttons", "selected_option": B}
    shown = await gallery.draw(actions({"type": "datepicker", "action_id": "it"}))
    await shown.get_by_label("Date").fill("2026-11-22")
    assert await acted(gallery) == {"type": "datepicker", "selected_date": "2026-11-22"}
    shown = await gallery.draw(actions({"type": "timepicker", "action_id": "it"}))
    await shown.get_by_label("Time").fill("09:30")
    assert await acted(gallery) == {"type": "timepicker", "selected_time": "09:30"}


async def test_the_same_boxes_shown_twice_do_not_touch_each_other(gallery: Gallery) -> None:
    radio = actions({"type": "radio_buttons", "action_id": "it", "options": [A, B], "initial_option": A})
    shown = await gallery.draw(radio, radio | {"block_id": "b2"})
    await shown.get_by_role("radio", name="Option b").first.check()
    assert [await each.is_checked() for each in await shown.get_by_role("radio").all()] == [False, True, True, False]


async def test_an_element_is_busy_until_it_is_answered_and_sends_once(gallery: Gallery) -> None:
    await gallery.page.evaluate("() => { gallery.held = new Promise((done) => { gallery.release = done; }); }")
    shown = await gallery.draw(actions(button("go")))
    pressed = shown.get_by_role("button", name="Go")
    await pressed.click()
    await expect(pressed).to_have_attribute("aria-busy", "true")
    # Drawn again in between, it is still busy.
    await gallery.grow(actions(button("go")))
    await expect(pressed).to_have_attribute("aria-busy", "true")
    await pressed.evaluate("(button) => button.click()")
    await gallery.page.evaluate("gallery.release()")
    await expect(pressed).not_to_have_attribute("aria-busy", "true")
    assert len(await gallery.sent()) == 1


async def test_what_the_app_refuses_is_said_beside_the_element_until_it_is_pressed_again(gallery: Gallery) -> None:
    await gallery.page.evaluate("gallery.refuse = 'The app did not answer.'")
    shown = await gallery.draw(actions(button("go")))
    await shown.get_by_role("button").click()
    await expect(shown.get_by_role("alert")).to_have_text("The app did not answer.")
    await gallery.grow(actions(button("go")))
    await expect(shown.get_by_role("alert")).to_have_text("The app did not answer.")
    await gallery.page.evaluate("gallery.refuse = ''")
    await shown.get_by_role("button").click()
    await expect(shown.get_by_role("alert")).to_have_count(0)


async def test_a_question_is_asked_first(gallery: Gallery) -> None:
    shown = await gallery.draw(actions(button("delete", confirm=CONFIRM)))
    pressed, dialog = shown.get_by_role("button", name="Delete"), gallery.page.get_by_role("alertdialog", name="Sure?")
    await pressed.click()
    await expect(dialog).to_contain_text("It is gone then.")
    await gallery.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(pressed).to_be_focused()
    await pressed.click()
    await dialog.get_by_role("button", name="Stop").click()
    assert await gallery.sent() == []
    await pressed.click()
    await dialog.get_by_role("button", name="Do it").click()
    await expect(dialog).to_have_count(0)
    assert [sent["action_id"] for sent in await gallery.sent(1)] == ["delete"]


async def test_a_choice_that_is_not_confirmed_is_taken_back(gallery: Gallery) -> None:
    element = {"type": "static_select", "action_id": "it", "options": [A, B], "initial_option": A, "confirm": CONFIRM}
    shown = await gallery.draw(actions(element))
    select = shown.get_by_role("combobox")
    await select.select_option(label="Option b")
    await gallery.page.get_by_role("button", name="Stop").click()
    await expect(select).to_have_value("a")
    await select.select_option(label="Option b")
    await gallery.page.get_by_role("button", name="Do it").click()
    await expect(select).to_have_value("b")
    assert await acted(gallery) == {"type": "static_select", "selected_option": B}


async def test_an_overflow_menu_is_walked_with_arrows(gallery: Gallery) -> None:
    away = option("c") | {"url": "https://example.com/"}
    shown = await gallery.draw(actions({"type": "overflow", "action_id": "it", "options": [A, B, away]}))
    opener, menu = shown.get_by_role("button", name="More actions"), gallery.page.get_by_role("menu")
    items = menu.get_by_role("menuitem")
    await opener.press("Enter")
    await expect(items.nth(0)).to_be_focused()
    for key, place in (("ArrowDown", 1), ("ArrowDown", 2), ("ArrowDown", 0), ("ArrowUp", 2), ("Home", 0), ("End", 2)):
        await gallery.page.keyboard.press(key)
        await expect(items.nth(place)).to_be_focused()
    await gallery.page.keyboard.press("Escape")
    await expect(menu).to_have_count(0)
    await expect(opener).to_be_focused()
    assert await gallery.sent() == []
    await opener.click()
    await items.nth(2).click()
    await expect(menu).to_have_count(0)
    assert await acted(gallery) == {"type": "overflow", "selected_option": away}
    assert await gallery.page.evaluate("gallery.opened") == ["https://example.com/"]


FEEDBACK = {
    "type": "context_actions",
    "block_id": "b1",
    "elements": [
        {
            "type": "feedback_buttons",
            "action_id": "it",
            "positive_button": {"text": plain("Good"), "value": "up"},
            "negative_button": {"text": plain("Bad"), "value": "down"},
        }
    ],
}


async def pressed(shown: Locator) -> list[str | None]:
    return [await each.get_attribute("aria-pressed") for each in await shown.get_by_role("button").all()]


async def test_feedback_stays_pressed_and_is_taken_back_where_it_is_refused(gallery: Gallery) -> None:
    shown = await gallery.draw(FEEDBACK)
    await shown.get_by_role("button", name="Good").click()
    assert await acted(gallery) == {"type": "feedback_buttons", "value": "up", "text": plain("Good")}
    await gallery.grow({"type": "divider"}, FEEDBACK | {"block_id": "b2"})
    await gallery.grow(FEEDBACK)
    assert await pressed(shown) == ["true", "false"]
    await gallery.page.evaluate("gallery.refuse = 'No.'")
    await shown.get_by_role("button", name="Bad").click()
    await expect(shown.get_by_role("alert")).to_have_text("No.")
    assert await pressed(shown) == ["true", "false"]


async def test_a_mention_tells_who_was_clicked(gallery: Gallery) -> None:
    shown = await gallery.draw({"type": "section", "text": mrkdwn("<@U1>")})
    await shown.get_by_role("button", name="@Ada").click()
    assert await gallery.page.evaluate("gallery.mentioned") == ["U1"]


async def state(gallery: Gallery) -> dict[str, Any]:
    found: dict[str, Any] = await gallery.page.evaluate(
        "gallery.blocks.stateOf(document.querySelector('#out > *')).values"
    )
    return found


async def test_the_state_of_a_view_is_what_stands_in_it(gallery: Gallery) -> None:
    shown = await gallery.open(**MODAL)
    untouched = {
        "name": {"type": "plain_text_input", "value": None},
        "story": {"type": "plain_text_input", "value": "Once"},
        "number": {"type": "number_input", "value": None},
        "mail": {"type": "email_text_input", "value": None},
        "page": {"type": "url_text_input", "value": None},
        "colour": {"type": "static_select", "selected_option": None},
        "people": {"type": "multi_users_select", "selected_users": ["U1"]},
        "room": {"type": "conversations_select", "selected_conversation": "C1"},
        "day": {"type": "datepicker", "selected_date": "2026-11-22"},
        "time": {"type": "timepicker", "selected_time": None},
        "moment": {"type": "datetimepicker", "selected_date_time": 1_699_999_980},
        "radio": {"type": "radio_buttons", "selected_option": None},
        "boxes": {"type": "checkboxes", "selected_options": [option("b")]},
    }
    assert await state(gallery) == {block: {"it": value} for block, value in untouched.items()}
    await shown.get_by_label("Name").fill("Ada")
    await shown.get_by_label("Number").fill("7")
    await shown.get_by_role("radio", name="Option b").check()
    changed = await state(gallery)
    assert changed["name"]["it"]["value"] == "Ada"
    assert changed["number"]["it"]["value"] == "7"
    assert changed["radio"]["it"]["selected_option"] == option("b")
    assert await gallery.sent() == []  # no input here wants to be heard before Submit


async def test_an_update_of_a_view_keeps_what_was_written(gallery: Gallery) -> None:
    shown = await gallery.open(**MODAL)
    await shown.get_by_label("Name").fill("Ada")
    words = {"type": "section", "block_id": "words", "text": plain("Thank you.")}
    await gallery.page.evaluate(
        "view => gallery.reopen(view)", MODAL | {"blocks": [MODAL["blocks"][0], words, *MODAL["blocks"][2:]]}
    )
    await expect(shown).to_contain_text("Thank you.")
    await expect(shown.get_by_label("Name")).to_have_value("Ada")
    await expect(shown.get_by_label("Name")).to_be_focused()


async def test_mistakes_are_found_before_anything_is_sent(gallery: Gallery) -> None:
    shown = await gallery.open(**MODAL)
    await shown.get_by_label("Number").fill("12")
    await shown.get_by_label("Mail").fill("nobody")
    found = await gallery.page.evaluate("gallery.blocks.mistakes(document.querySelector('#out > *'))")
    assert set(found) == {"name", "number", "mail", "page", "colour", "time", "radio"}
    assert found["radio"] == "Please complete this required field."


async def test_errors_stand_beside_their_inputs_until_they_are_gone(gallery: Gallery) -> None:
    show = "errors => gallery.blocks.showErrors(document.querySelector('#out > *'), errors)"
    shown = await gallery.open(**MODAL)
    name = shown.get_by_label("Name")
    await gallery.page.evaluate(show, {"name": "Too short.", "nowhere": "x"})
    await expect(shown.get_by_role("alert")).to_have_text("Too short.")
    await expect(name).to_have_attribute("aria-invalid", "true")
    await expect(name).to_have_accessible_description("Too short. In full.")
    await expect(name).to_be_focused()
    await gallery.page.evaluate("view => gallery.reopen(view)", MODAL)
    await expect(shown.get_by_role("alert")).to_have_text("Too short.")
    await gallery.page.evaluate(show, {})
    await expect(shown.get_by_role("alert")).to_have_count(0)
    await expect(name).not_to_have_attribute("aria-invalid", "true")
    await expect(name).to_have_accessible_description("In full.")


@pytest.mark.parametrize("when", ["on_enter_pressed", "on_character_entered"])
async def test_a_text_is_heard_when_its_app_wants_it(gallery: Gallery, when: str) -> None:
    element = {
        "type": "plain_text_input",
        "action_id": "it",
        "dispatch_action_config": {"trigger_actions_on": [when]},
    }
    asked = {"type": "input", "block_id": "b1", "label": plain("Word"), "dispatch_action": True, "element": element}
    shown = await gallery.draw(asked)
    await shown.get_by_label("Word").press("x")
    assert len(await gallery.sent()) == (when == "on_character_entered")
    await shown.get_by_label("Word").press("Enter")
    assert [sent["action"]["value"] for sent in await gallery.sent()] == ["x"] * (when == "on_enter_pressed")
