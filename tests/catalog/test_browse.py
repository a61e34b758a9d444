"""The list of models: filters, sorting, pages, and what an address may ask for."""

from datetime import date
from typing import Any

import pytest
from django.http import QueryDict

from apps.catalog import selectors
from apps.catalog.selectors import browse
from apps.kernel.errors import PortalError

TODAY = date(2026, 11, 23)
pytestmark = pytest.mark.django_db


def found(query: str = "") -> browse.ModelPage:
    asked = browse.Asked.read(QueryDict(query).dict())
    return browse.models_page(asked, TODAY)


def names(query: str = "") -> list[str]:
    """Return the names on all pages, walking them by their cursors."""
    walked, cursor = [], ""
    while True:
        page = found(f"{query}&cursor={cursor}")
        walked += [row.model.name for row in page.rows]
        cursor = page.page.older
        if not cursor:
            assert len(walked) == page.matching
            return walked


def test_at_first_it_lists_what_can_be_chosen() -> None:
    listed = names()
    assert "gpt-5.1" in listed
    assert not {"gpt-4.1", "gpt-5.1-chat", "gpt-6-sol", "o1-pro"} & set(listed)
    assert listed == sorted(listed)


@pytest.mark.parametrize(
    ("query", "inside", "outside"),
    [
        ("life=retired", {"gpt-4.1", "gpt-5.1-chat"}, {"gpt-5.1"}),
        ("life=soon", {"gpt-5.2", "gpt-5.1-codex-max"}, {"gpt-5.1", "gpt-4.1"}),
        ("life=unplaced", {"gpt-6-sol", "o1-pro"}, {"gpt-5.1"}),
        ("life=all", {"gpt-4.1", "gpt-5.1", "gpt-6-sol"}, set()),
        ("runs_in=EU&sku=Standard", {"gpt-5.1"}, {"gpt-5-codex"}),
        ("runs_in=Asia Pacific", {"gpt-5.1"}, {"gpt-5.4-pro"}),
        ("sku=DataZoneBatch", {"gpt-5.1"}, {"gpt-5.1-codex"}),
        ("task=embedding", {"text-embedding-3-large"}, {"gpt-5.1"}),
        ("text=retrieval", {"text-embedding-3-large"}, {"gpt-5.1"}),
        ("text=CODEX 5.1", {"gpt-5.1-codex"}, {"gpt-5.1", "gpt-5-codex"}),
    ],
)
def test_filters(query: str, inside: set[str], outside: set[str]) -> None:
    listed = set(names(query))
    assert inside <= listed
    assert not outside & listed


def test_a_filter_never_adds() -> None:
    everything = set(names("life=all"))
    assert len(everything) == len(selectors.models())
    for query in ("life=current", "life=all&runs_in=US", "life=all&task=chat", "text=mini"):
        assert set(names(query)) < everything


def test_what_an_address_does_not_know_means_any() -> None:
    asked = browse.Asked.read(
        {"runs_in": "Mars", "sku": "x", "task": "y", "life": "z", "sort": "q"}
    )
    assert asked == browse.Asked()
    with pytest.raises(PortalError, match="broken"):
        found("cursor=nonsense")


@pytest.mark.parametrize("column", ["name", "context", "input", "cached", "output", "ends"])
def test_every_sort_walks_every_model_once_with_the_unknown_last(column: str) -> None:
    for direction in ("", "-"):
        listed = names(f"life=all&sort={direction}{column}")
        assert sorted(listed) == sorted(selectors.models())
    if column in browse.PRICES:
        index = list(browse.PRICES).index(column)
        first = found(f"life=all&sort=-{column}").rows
        known = [row.prices[index] for row in first if row.prices[index] is not None]
        assert known == sorted(known, key=lambda n: -(n or 0))
        assert found(f"life=all&sort={column}").rows[0].prices[index] is not None


def test_a_row_says_where_and_until_when() -> None:
    rows: dict[str, Any] = {row.model.name: row for row in found("text=gpt-5.1").rows}
    row = rows["gpt-5.1"]
    assert (row.where, row.regions) == ("Global, Data Zone, Regional", 28)
    assert row.life.label == "Until 15\u00a0May\u00a02027"
    assert row.prices == [1_250_000_000, 125_000_000, 10_000_000_000]
    assert rows["gpt-5.1-codex-max"].life.tone == "warn"
