"""Drafts are kept as typed; what cannot be kept is refused with the limit."""

import pytest

from apps.kernel.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError
from apps.kernel.models import AuditEntry
from apps.requests import selectors, services
from apps.requests.models import ResourceRequest
from apps.teams.models import Membership, Team, Workload
from tests.requests.asks import draft, room, submitted, typed

pytestmark = pytest.mark.django_db


def save(by, request=None, **payload):
    return services.save_draft(kind="model_deployment", payload=payload, request=request, by=by)


def test_what_was_typed_is_kept_as_typed(people):
    row = save(people.alice, capacity="5oo", purpose="  spaces  ", model="no-such-model")
    row.refresh_from_db()
    assert row.payload == {"capacity": "5oo", "purpose": "  spaces  ", "model": "no-such-model"}
    assert (row.status, row.team.slug, row.requester) == ("draft", "claims", people.alice)
    assert row.title == "no-such-model"
    assert not AuditEntry.objects.exists()


def test_a_draft_follows_the_team_of_its_workload(people):
    Membership.objects.create(
        person=people.alice, role="requester", team=Team.objects.get(slug="underwriting")
    )
    row = save(people.alice, workload=str(Workload.objects.get(slug="risk-notes").pk))
    assert row.team.slug == "underwriting"
    save(people.alice, row, workload=str(Workload.objects.get(slug="policy-qa").pk))
    row.refresh_from_db()
    assert (row.team.slug, row.workload.slug) == ("claims", "policy-qa")


@pytest.mark.parametrize("workload", ["fraud-notes", "999999", "٣", "1e3", "-1", "", "x" * 3000])
def test_anothers_workload_does_not_move_a_draft(people, workload):
    known = Workload.objects.filter(slug=workload).first()
    row = save(people.alice, workload=str(known.pk) if known else workload)
    assert row.team.slug == "claims"
    assert row.workload is None


@pytest.mark.parametrize("who", ["petra", "jonas", "sami", "fiona", "audra"])
def test_only_those_of_a_team_may_ask(people, who):
    with pytest.raises(NotAllowedError, match=r"requester or a team lead"):
        save(getattr(people, who), purpose="x")


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("x" * 100_000, "At most 4 000 characters fit here; this has 100 000. Say it shorter."),
        ("a\0b", "This holds a character that cannot be stored. Remove it."),
        ("a\ud800b", "This holds a character that cannot be stored. Remove it."),
        (["a"], "Text or a number is expected here."),
        ({"a": 1}, "Text or a number is expected here."),
        (10**30, "This number is too large."),
        (float("nan"), "This number is too large."),
    ],
)
def test_what_cannot_be_kept_is_refused_at_its_field(people, value, sentence):
    with pytest.raises(InvalidError) as refused:
        save(people.alice, purpose=value)
    assert refused.value.fields["purpose"].replace("\u00a0", " ") == sentence
    assert not ResourceRequest.objects.exists()


def test_unicode_is_kept(people):
    text = "Ärger 🧾 مرحبا \u202e x"
    assert save(people.alice, purpose=text).payload["purpose"] == text


def test_an_unknown_field_is_refused_and_the_known_ones_are_named(people):
    with pytest.raises(InvalidError, match=r"has no field “colour”. It has: workload, environment"):
        save(people.alice, colour="red")


def test_an_unknown_kind_is_not_found(people):
    with pytest.raises(NotFoundError, match=r"Nobody can ask for “gpu” here. There is: model_dep"):
        services.save_draft(kind="gpu", payload={}, by=people.alice)


def test_colleagues_see_and_change_a_draft_nobody_else_does(people):
    row = draft(people.alice)
    assert selectors.request_for(people.bob, row.pk) == row
    save(people.bob, row, purpose="better")
    for who in (people.dora, people.charlie, people.petra, people.audra):
        with pytest.raises(NotFoundError):
            selectors.request_for(who, row.pk)
        with pytest.raises(NotAllowedError):
            save(who, row, purpose="mine")


def test_a_submitted_request_is_not_changed(people):
    room()
    row = submitted(people.alice)
    with pytest.raises(ConflictError, match=r"is in review; it cannot be changed any more"):
        save(people.alice, row, purpose="other")


def test_a_copy_is_a_draft_of_ones_own_with_the_same_answers(people):
    room()
    original = submitted(people.alice)
    copy = services.clone_request(request=original, by=people.bob)
    assert (copy.status, copy.requester) == ("draft", people.bob)
    assert copy.payload == original.payload
    assert copy.estimate == {}


def test_only_what_one_sees_can_be_copied(people):
    room()
    with pytest.raises(NotFoundError):
        services.clone_request(request=submitted(people.alice), by=people.charlie)


def test_numbers_may_be_typed_with_blanks(people):
    room()
    row = services.save_draft(
        kind="model_deployment",
        payload=typed(capacity="1 000", requests_per_day="4\u202f200"),
        by=people.alice,
    )
    row = services.submit_request(request=row, by=people.alice)
    assert (row.payload["capacity"], row.payload["requests_per_day"]) == (1000, 4200)
