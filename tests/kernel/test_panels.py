"""Panels: one that fails does not take the page with it."""

import pytest
from django.db import connection

from apps.kernel import panels


@pytest.fixture(autouse=True)
def own_slots(monkeypatch):
    monkeypatch.setattr(panels, "SLOTS", {})


def _add(name, order, selector):
    panels.register("here", name, order=order, selector=selector, template="x.html")


@pytest.mark.django_db
def test_in_order_and_only_what_has_something_to_say():
    _add("b", 2, lambda viewer, **_: {"n": 2})
    _add("a", 1, lambda viewer, **_: {"n": 1})
    _add("silent", 0, lambda viewer, **_: None)
    assert [shown.context["n"] for shown in panels.collect("here", None)] == [1, 2]


@pytest.mark.django_db
def test_a_failing_query_is_fenced():
    def bad(viewer, **_):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1/0")

    _add("bad", 1, bad)
    _add("good", 2, lambda viewer, **_: {})
    bad_one, good_one = panels.collect("here", None)
    assert bad_one.failed
    assert not good_one.failed
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")  # the surrounding transaction still works


def test_a_name_is_taken_once():
    _add("a", 1, lambda viewer: None)
    with pytest.raises(ValueError, match="already has a panel"):
        _add("a", 2, lambda viewer: None)
