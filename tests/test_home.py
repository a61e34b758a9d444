"""Home: the headline counts all that needs a person, and the cards stand where they belong."""

import re

import pytest

from apps.kernel import panels
from portal.views import headline
from tests.approvals.test_inbox import waiting
from tests.requests.asks import plain
from tests.requests.test_pages import many

pytestmark = pytest.mark.django_db


def home(client):
    return plain(client.get("/").content.decode())


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "Nothing needs you, Ada"),
        (1, "One thing needs you, Ada"),
        (2, "Two things need you, Ada"),
        (30, "30 things need you, Ada"),
    ],
)
def test_the_headline_is_the_answer(count, said):
    assert headline(count, "Ada") == said


def test_the_headline_counts_what_the_list_only_links_to(people, client_of):
    waiting(people, 7)
    page = home(client_of(people.petra))
    assert "7 things need you, Petra" in page
    assert page.count(">Decide<") == 5
    assert '<a href="/inbox/">See all 7</a>' in page


def test_a_team_lead_sees_how_much_is_under_way(people, client_of):
    many(people, 6, status="in_review")
    page = home(client_of(people.alice))
    assert "6 requests under way." in page
    assert '<a href="/requests/">See all 6</a>' in page


def test_who_asks_for_nothing_has_nothing_under_way(people, client_of):
    waiting(people, 1)
    for person in (people.petra, people.audra, people.fiona):
        page = home(client_of(person))
        assert "under way" not in page
        assert "Under way" not in page


def test_the_rail_marks_one_place(people, client_of):
    for url, place in (
        ("/", "Home"),
        ("/catalogue/models/gpt-5.1/", "Catalogue"),
        ("/catalogue/residency/", "Residency"),
    ):
        page = plain(client_of(people.petra).get(url).content.decode())
        marked = re.findall(r'<a href="[^"]*" aria-current="page">(.*?)</a>', page, re.S)
        assert [place in one for one in marked] == [True], url


def test_the_inbox_heads_the_page_of_who_decides_money_heads_that_of_finance(people, client_of):
    waiting(people, 3)
    page = home(client_of(people.petra))
    assert re.search(r"Waiting for you</dt>.*?>3<span class=\"p-unit\">requests", page, re.S)
    assert "the oldest since today" in page
    assert "Waiting for you" not in home(client_of(people.fiona))


def test_a_headline_that_fails_leaves_the_page_its_own(people, client_of, monkeypatch, caplog):
    def broken(viewer):
        raise LookupError

    failing = panels.Panel("broken", 1, broken, "dashboards/home_headline.html")
    monkeypatch.setitem(panels.SLOTS, "home.headline", [failing])
    page = home(client_of(people.fiona))
    assert "Nothing needs you, Fiona" in page
    assert "This part of the page could not be drawn." in page
    caplog.clear()
