"""Panels: one that fails does not take the page with it."""

from types import SimpleNamespace

import pytest
from django.db import connection
from django.template import RequestContext, engines
from django.test import RequestFactory

from apps.kernel import panels


@pytest.fixture(autouse=True)
def own_slots(monkeypatch):
    monkeypatch.setattr(panels, "SLOTS", {})


def _add(name, order, selector, template="x.html"):
    panels.register("here", name, order=order, selector=selector, template=template)


def _draw():
    page = engines["django"].from_string("{% slot 'here' %}")
    context = RequestContext(RequestFactory().get("/"), {"user": None})
    return page.template.render(context)


@pytest.mark.django_db
def test_in_order_and_only_what_has_something_to_say():
    _add("b", 2, lambda viewer, **_: {"n": 2})
    _add("a", 1, lambda viewer, **_: {"n": 1})
    _add("silent", 0, lambda viewer, **_: None)
    assert [shown.context["n"] for shown in panels.collect("here", None)] == [1, 2]


@pytest.mark.django_db
def test_a_failing_query_is_fenced(caplog):
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
    caplog.clear()


def test_a_template_that_fails_takes_only_its_own_panel(caplog):
    def broken():
        raise LookupError

    notice = "components/notice.html"
    _add("first", 1, lambda viewer, **_: {"text": "first"}, notice)
    _add("broken", 2, lambda viewer, **_: {"text": broken}, notice)
    _add("last", 3, lambda viewer, **_: {"text": "last"}, notice)
    html = _draw()
    assert html.index("first") < html.index("could not be drawn") < html.index("last")
    caplog.clear()


def test_a_name_is_taken_once():
    _add("a", 1, lambda viewer: None)
    with pytest.raises(ValueError, match="already has a panel"):
        _add("a", 2, lambda viewer: None)


def test_what_several_panels_need_is_asked_once_per_viewer():
    asked = []

    def ask(viewer):
        asked.append(viewer.name)
        return [viewer.name]

    ada, ben = SimpleNamespace(name="Ada"), SimpleNamespace(name="Ben")
    assert panels.once(ada, ask) is panels.once(ada, ask)
    assert panels.once(ben, ask) == ["Ben"]
    assert asked == ["Ada", "Ben"]


def test_an_answer_of_none_is_kept_too():
    asked = []
    viewer = SimpleNamespace()
    assert panels.once(viewer, asked.append) is None
    assert panels.once(viewer, asked.append) is None
    assert asked == [viewer]
