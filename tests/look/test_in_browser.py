"""The components in a real Chromium: accessible, narrow and wide, light and dark, by keyboard."""

from pathlib import Path

import pytest
from django.conf import settings

from tests.browser.axe import assert_accessible, findings
from tests.look import samples

pytestmark = [pytest.mark.browser, pytest.mark.urls("tests.look.urls")]


def show(site, theme, width):
    site.page.set_viewport_size({"width": width, "height": 844 if width < 992 else 900})
    site.pages["/"] = samples.page(theme=theme)
    return site.open()


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_serious_is_found(site, theme, width):
    page = show(site, theme, width)
    assert page.evaluate("document.documentElement.dataset.bsTheme") == theme
    assert_accessible(page)


def test_axe_does_find_a_fault(site):
    site.pages["/"] = samples.page(
        "{% extends 'solo.html' %}{% block content %}<img src='x'>{% endblock %}"
    )
    site.answers["/x"] = (200, "")
    assert [found["id"] for found in findings(site.open())] == ["image-alt"]


@pytest.mark.parametrize("width", [390, 768, 992, 1440, 1920])
def test_the_page_never_scrolls_sideways(site, width):
    page = show(site, "light", width)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= width


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_dialog_menu_and_open_filter_are_accessible_too(site, theme):
    page = show(site, theme, 1440)
    page.locator(".p-drop summary").first.click()
    assert_accessible(page)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Reject").click()
    assert_accessible(page)


def test_a_filter_opens_inside_a_narrow_screen(site):
    page = show(site, "light", 390)
    page.locator(".p-filter-group summary").first.click()
    option = page.get_by_role("link", name="USA")
    assert option.is_visible()
    box = option.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    option.click(trial=True)
    assert_accessible(page)


def test_the_theme_is_kept_and_follows_the_system_until_chosen(site):
    site.page.emulate_media(color_scheme="dark")
    site.pages["/"] = samples.page(theme="auto")
    page = site.open()
    theme = "document.documentElement.dataset.bsTheme"
    assert page.evaluate(theme) == "dark"
    page.get_by_label("Switch between light and dark").click()
    assert page.evaluate(theme) == "light"
    assert {c["name"]: c["value"] for c in page.context.cookies()} == {"theme": "light"}
    page.get_by_label("your account").click()
    page.get_by_role("button", name="Light or dark as the system").click()
    assert page.evaluate(theme) == "dark"


def test_the_rail_folds_on_wide_screens_and_slides_on_narrow_ones(site):
    page = show(site, "light", 1440)
    toggle = page.get_by_label("Toggle navigation")
    toggle.click()
    assert page.locator("#rail").bounding_box()["width"] == 60
    assert toggle.get_attribute("aria-expanded") == "false"
    assert [c["value"] for c in page.context.cookies() if c["name"] == "rail"] == ["mini"]
    page = show(site, "light", 390)
    assert not page.locator("#rail").is_visible()
    page.get_by_label("Toggle navigation").click()
    assert page.locator("#rail").is_visible()
    assert_accessible(page)
    page.keyboard.press("Escape")
    assert not page.locator("#rail").is_visible()
    assert page.evaluate("document.activeElement.hasAttribute('data-rail-toggle')")


def test_a_dialog_takes_and_returns_the_focus_and_asks_for_the_name(site):
    page = site.open()
    opener = page.get_by_role("button", name="Reject")
    opener.click()
    dialog = page.get_by_role("dialog", name="Reject REQ-2047?")
    act = dialog.get_by_role("button", name="Reject")
    assert act.is_disabled()
    dialog.get_by_label("Reason").fill("Could wait until morning.")
    dialog.get_by_label("Type REQ-2047").fill("REQ-2047")
    assert act.is_enabled()
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert page.evaluate("document.activeElement.dataset.dialog") == "reject"


def test_keys_walk_through_a_list(site):
    page = site.open()
    focused = "document.activeElement.getAttribute('href')"
    page.evaluate("document.activeElement.blur()")
    for key, href in (("j", "#one"), ("j", "#two"), ("k", "#one"), ("k", "#one")):
        page.keyboard.press(key)
        assert page.evaluate(focused) == href
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.type("j/")
    assert page.locator("#q").input_value() == "j/"


def test_copying_says_so(site):
    page = site.open()
    page.get_by_role("button", name="Copy Endpoint").click()
    page.locator("#live", has_text="Copied").wait_for(state="attached")
    assert page.evaluate("navigator.clipboard.readText()") == "https://ai.example/openai/v1/"


def test_snippets_change_places(site):
    page = site.open()
    page.get_by_role("button", name="curl", exact=True).click()
    assert page.locator("#curl").is_visible()
    assert not page.locator("#python").is_visible()


def test_a_draft_says_that_it_is_not_saved(site):
    page = site.open()
    page.get_by_label("Workload").fill("claims")
    assert page.locator("[data-draft-state]").inner_text() == "Not saved yet"


FORM = """{% extends "base.html" %}{% block content %}
<form method="post" action="/save" hx-post="/form" hx-trigger="change"
      hx-target="#form-body" hx-swap="outerHTML">
<div id="form-body"><label for="a">A</label><input id="a" name="a" value="1">
<label for="b">B</label><input id="b" name="b" value=""></div><button>Send</button></form>
{% endblock %}"""
REDRAWN = """<div id="form-body"><input id="a" name="a" value="2">
<input id="b" name="b" value="old"></div>"""
COUNT_SENT = """document.addEventListener("submit", (event) => {
  window.sent = (window.sent || 0) + !event.defaultPrevented;
  event.preventDefault();
})"""


def test_what_is_being_typed_survives_a_redraw(site):
    site.pages["/"] = samples.page(FORM)
    site.answers["/form"] = (200, REDRAWN)
    page = site.open()
    page.locator("#a").fill("2")
    page.locator("#b").focus()
    page.keyboard.type("new words")
    page.locator("label").first.wait_for(state="detached")
    assert page.locator("#a").input_value() == "2"
    assert page.locator("#b").input_value() == "new words"
    assert page.evaluate("document.activeElement.id") == "b"
    path, body, headers = site.posted[0]
    assert (path, headers["hx-request"]) == ("/form", "true")
    assert "x-csrftoken" in headers
    assert body.startswith("a=2&b=")


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (409, '<div class="p-note p-note-bad"><p>Petra was faster.</p></div>', "Petra was faster."),
        (500, "<h1>Server error</h1><script>boom()</script>", "Request id 7f3c-91ab"),
    ],
)
def test_a_refused_redraw_is_told_and_changes_nothing(site, status, body, text):
    site.pages["/"] = samples.page(FORM)
    site.answers["/form"] = (status, body)
    page = site.open()
    page.locator("#a").fill("2")
    page.locator("#b").focus()
    note = page.locator("#alerts .p-note")
    note.wait_for()
    assert text in note.inner_text()
    assert page.locator("label").count() == 2
    site.complaints = [
        c for c in site.complaints if "status of" not in c and "Response Status" not in c
    ]
    assert_accessible(page)


def test_a_form_is_sent_once(site):
    site.pages["/"] = samples.page(FORM)
    page = site.open()
    page.evaluate(COUNT_SENT)
    for _ in range(2):
        page.get_by_role("button", name="Send").click()
    assert page.evaluate("window.sent") == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_sign_in_is_accessible(site, theme, width):
    source = (Path(settings.BASE_DIR) / "templates/account/login.html").read_text()
    site.pages["/"] = samples.page(source, theme=theme, form=samples.refused_sign_in())
    site.page.set_viewport_size({"width": width, "height": 844})
    page = site.open()
    assert page.get_by_label("E-mail").is_visible()
    assert_accessible(page)
