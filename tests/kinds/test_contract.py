"""What every request kind must keep, whichever it is."""

import json
from pathlib import Path

import pytest
from django.template.loader import get_template
from rest_framework import serializers

from apps.kernel.forms import draw, widget_of
from apps.provisioning.provisioner import PROVISIONERS
from apps.requests import selectors
from apps.requests.kinds import KINDS, Estimate, Payload, PayloadSpec
from apps.teams import selectors as teams

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.django_db, pytest.mark.parametrize("slug", list(KINDS))]


def empty():
    return Payload(data={}, workload="", environment="", tier="", on=teams.today())


def test_the_folder_is_named_as_the_kind_and_has_its_parts(slug):
    folder = ROOT / "apps/kinds" / slug
    for part in ("apps.py", "kind.py", "spec.py", "provision.py"):
        assert (folder / part).exists()
    assert get_template(KINDS.get(slug).summary_template)
    assert slug in PROVISIONERS
    assert PROVISIONERS.get(slug).STEPS


def test_every_field_can_be_drawn_and_stands_in_one_fieldset(slug, people):
    spec = KINDS.get(slug).spec
    assert issubclass(spec, PayloadSpec)
    fields = spec().fields
    assert all(widget_of(item) for item in fields.values())
    assert all(item.label for item in fields.values())
    placed = [name for _, _, rows in spec.FIELDSETS for row in rows for name in row]
    assert sorted(placed) == sorted(fields)
    found = selectors.review(KINDS.get(slug), {}, people.alice)
    drawn = draw(spec, values={}, options=found.options, errors=found.errors)
    choices = [
        field
        for part in drawn
        for row in part.rows
        for field in row
        if isinstance(fields[field.name], serializers.ChoiceField)
    ]
    assert choices
    assert {"workload", "environment"} <= {field.name for field in choices}


def test_every_choice_of_the_spec_gets_options(slug, people):
    kind = KINDS.get(slug)
    found = selectors.review(kind, {}, people.alice)
    choices = {
        name
        for name, item in kind.spec().fields.items()
        if isinstance(item, serializers.ChoiceField)
    }
    assert set(found.options) == choices


def test_an_empty_form_says_what_is_missing_and_breaks_nothing(slug, people):
    kind = KINDS.get(slug)
    assert kind.check(empty()) == {}
    assert kind.alternatives(empty()) == []
    assert kind.title({}) == ""
    assert kind.units({}) == {}
    estimate = kind.estimate(empty())
    assert estimate.expected_nano is None
    assert estimate.note
    errors = selectors.review(kind, {}, people.alice).errors
    required = {name for name, item in kind.spec().fields.items() if item.required}
    assert set(errors) == required
    assert all(text.endswith(".") for text in errors.values())


def test_an_estimate_survives_being_frozen(slug):
    kind = KINDS.get(slug)
    estimate = kind.estimate(empty())
    frozen = json.loads(json.dumps(estimate.as_json()))
    assert Estimate.from_json(frozen) == estimate


def test_the_kind_says_which_azure_rights_it_needs(slug):
    actions = KINDS.get(slug).azure_actions
    assert actions
    assert all(action.startswith("Microsoft.") for action in actions)


def test_the_present_version_needs_no_upgrade(slug):
    kind = KINDS.get(slug)
    assert kind.upgrade({"a": 1}, kind.payload_version) == {"a": 1}
    with pytest.raises(LookupError):
        kind.upgrade({}, kind.payload_version + 1)
