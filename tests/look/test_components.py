"""Every component renders on its own, from the variables that the README names."""

import re
from html.parser import HTMLParser

import pytest

from tests.look import samples

pytestmark = pytest.mark.urls("tests.look.urls")
NAMES = sorted(p.name for p in samples.COMPONENTS.glob("*.html"))
VOID = {
    "area",
    "br",
    "hr",
    "img",
    "input",
    "link",
    "meta",
    "path",
    "rect",
    "line",
    "wbr",
    "polyline",
}


class Balance(HTMLParser):
    """Count open elements and collect ids."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.wrong = [], [], []

    def handle_starttag(self, tag, attrs):
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def parsed(html):
    balance = Balance()
    balance.feed(html)
    return balance


def test_every_component_has_a_sample():
    assert sorted(samples.SAMPLES) == NAMES


def test_the_readme_tells_of_every_component():
    told = (samples.COMPONENTS / "README.md").read_text()
    shell = {"account_menu.html", "brand.html", "scope.html", "foot.html"}
    tags = {
        "status.html",
        "bullet.html",
        "barcell.html",
        "sparkline.html",
        "range_bar.html",
    }  # told as tags
    assert [name for name in NAMES if name not in shell | tags and f"`{name}`" not in told] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_component_is_whole(name):
    html = samples.component(name)
    seen = parsed(html)
    assert html.strip()
    assert (seen.wrong, seen.open) == ([], [])
    assert len(seen.ids) == len(set(seen.ids))
    assert ' id=""' not in html
    assert "None" not in re.sub(r"<[^>]*>", "", html)


def test_the_page_of_all_components_repeats_no_id():
    ids = parsed(samples.page()).ids
    assert sorted(i for i in set(ids) if ids.count(i) > 1) == []


def test_a_forbidden_choice_stays_and_says_why():
    html = samples.component("form.html")
    assert "Not for Confidential. Internal would pass." in html
    assert re.search(r'value="GlobalStandard"\s+disabled', html)
    assert "westeurope: 0 K TPM free, germanywestcentral has 1 000" in html


def test_a_short_list_of_errors_gets_no_summary():
    two = samples.SAMPLES["error_summary.html"]["errors"][:2]
    assert samples.render_to_string("components/error_summary.html", {"errors": two}).strip() == ""


def test_every_page_says_that_azure_is_a_sandbox():
    assert "Azure: sandbox" in samples.page()
    assert "Azure: sandbox" not in samples.page(azure_sandbox=False)
    solo = "{% extends 'solo.html' %}{% block content %}x{% endblock %}"
    assert "Azure: sandbox" in samples.page(solo)


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "409", "500"])
@pytest.mark.parametrize("person", ["signed in", "nobody"])
def test_error_pages_stand_with_and_without_a_person(name, person):
    context = samples.SHELL if person == "signed in" else {"request_id": "7f3c-91ab"}
    user = samples.signed_in() if person == "signed in" else None
    html = samples.render_to_string(f"{name}.html", {**context, "user": user, "text": "Why not."})
    seen = parsed(html)
    assert (seen.wrong, seen.open) == ([], [])
    assert html.count("<h1") == 1
    assert "request id 7f3c-91ab" in html
    assert ('id="rail"' in html) == (person == "signed in" and name != "500")


def test_the_500_page_needs_no_context_at_all():
    assert "Something broke on our side" in samples.render_to_string("500.html")
