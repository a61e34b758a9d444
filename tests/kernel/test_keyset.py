"""Keyset pages: every row once, in order, both ways."""

from datetime import date

import pytest

from apps.kernel.errors import PortalError
from apps.kernel.keyset import page
from apps.teams.models import BusinessUnit

ORDER = ("-cost_centre", "-id")


@pytest.fixture
def units(db):
    return [
        BusinessUnit.objects.create(
            name=f"Unit {n}", slug=f"u{n}", cost_centre=f"CC-{n % 3}", active_from=date(2026, 1, 1)
        )
        for n in range(11)
    ]


def test_forward_and_back(units):
    rows = BusinessUnit.objects.all()
    expected = list(rows.order_by(*ORDER))
    seen, cursor, pages = [], "", []
    while True:
        found = page(rows, order=ORDER, cursor=cursor, size=4)
        pages.append(list(found.rows))
        seen += found.rows
        if not found.older:
            break
        cursor = found.older
    assert seen == expected
    assert page(rows, order=ORDER, size=4).newer == ""
    back = page(rows, order=ORDER, cursor=found.newer, size=4)
    assert list(back.rows) == pages[-2]
    assert back.older


@pytest.mark.parametrize("cursor", ["x", "a:b:c", "💥"])
def test_a_broken_cursor_is_refused_with_a_sentence(units, cursor):
    with pytest.raises(PortalError, match="first page"):
        page(BusinessUnit.objects.all(), order=ORDER, cursor=cursor)


@pytest.mark.parametrize("order", [("id",), ("active_from", "id")])
def test_a_cursor_of_another_order_is_refused(units, order):
    older = page(BusinessUnit.objects.all(), order=ORDER, size=4).older
    with pytest.raises(PortalError, match="first page"):
        page(BusinessUnit.objects.all(), order=order, cursor=older)


def test_no_rows(db):
    found = page(BusinessUnit.objects.all(), order=ORDER)
    assert (list(found.rows), found.older, found.newer) == ([], "", "")
