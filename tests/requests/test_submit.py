"""Submit checks everything, freezes it and holds the capacity: all of it or nothing."""

import pytest

from apps.capacity.models import Hold
from apps.capacity.selectors import free
from apps.catalog.models import ResidencyRule
from apps.catalog.services import change_residency_rule
from apps.kernel.errors import ConflictError, InvalidError, NotAllowedError
from apps.kernel.models import AuditEntry
from apps.requests import services
from apps.requests.models import ResourceRequest
from apps.teams.models import Membership, Person, Workload
from tests.requests.asks import METER, draft, plain, room, submitted

pytestmark = pytest.mark.django_db
WHERE = {"tier": "prod", "region": "swedencentral", "meter": METER}


def refusal(by, workload="claims-triage", **changes):
    row = draft(by, workload, **changes)
    with pytest.raises(InvalidError) as refused:
        services.submit_request(request=row, by=by)
    row.refresh_from_db()
    assert row.status == "draft"
    assert not Hold.objects.exists()
    return {name: plain(text) for name, text in refused.value.fields.items()}


def test_a_submitted_request_is_frozen_and_in_review(people):
    room()
    row = submitted(people.alice)
    assert row.status == "in_review"
    assert row.payload["capacity"] == 500
    assert row.payload["workload"] == str(row.workload.pk)
    assert row.estimate["expected_nano"] > 0
    assert (row.environment.slug, row.workload.slug) == ("prod", "claims-triage")
    assert plain(row.title) == "gpt-5.1 Global Standard, 500 K TPM, swedencentral"
    assert free(**WHERE).held == 500
    moves = AuditEntry.objects.filter(subject=row.ref, verb__in=["submitted", "in_review"])
    assert [m.actor_name for m in moves.order_by("id")] == ["Alice Berger", "the portal"]
    assert moves.first().scope == row.team.scope


def test_whoever_submits_is_the_requester(people):
    room()
    row = services.submit_request(request=draft(people.alice), by=people.bob)
    assert row.requester == people.bob


def test_several_errors_come_at_once_with_a_sentence_each(people):
    room()
    errors = refusal(people.alice, purpose="", capacity="0", model="gpt-9", requests_per_day="")
    assert errors == {
        "purpose": "Write a sentence.",
        "capacity": "Write 1 or more.",
        "model": "“gpt-9” is not one of the choices.",
        "version": "“2025-11-13” is not one of the choices.",
        "requests_per_day": "Write a whole number, for example 500.",
    }


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("0", "Write 1 or more."),
        ("-5", "Write 1 or more."),
        ("1e9", "Write a whole number, for example 500."),
        ("1.5", "Write a whole number, for example 500."),
        ("٥٠٠", "Write a whole number, for example 500."),
        ("99999999", "Write 10000000 or less."),
        ("9" * 2000, "This number is too long."),
        ("", "Write a whole number, for example 500."),
        (
            "1001",
            "1 000 K TPM are free in swedencentral. Ask for 1 000 or less, or take an alternative.",
        ),
    ],
)
def test_a_capacity_that_cannot_be(people, typed, sentence):
    room()
    assert refusal(people.alice, capacity=typed) == {"capacity": sentence}


@pytest.mark.parametrize("value", [True, None, 1.5, 1e9])
def test_a_capacity_of_the_wrong_type(people, value):
    room()
    row = draft(people.alice)
    row.payload["capacity"] = value
    row.save()
    with pytest.raises(InvalidError) as refused:
        services.submit_request(request=row, by=people.alice)
    assert "whole number" in refused.value.fields["capacity"]


def test_a_purpose_that_is_too_long(people):
    room()
    errors = refusal(people.alice, purpose="x" * 2001)
    assert errors == {"purpose": "At most 2000 characters fit here. Say it shorter."}


def test_another_teams_workload_is_no_choice(people):
    room()
    foreign = str(Workload.objects.get(slug="fraud-notes").pk)
    row = draft(people.alice)
    row.payload["workload"] = foreign
    row.save()
    with pytest.raises(InvalidError) as refused:
        services.submit_request(request=row, by=people.alice)
    assert refused.value.fields == {"workload": f"“{foreign}” is not one of the choices."}


def test_a_retired_version_says_since_when(people):
    room()
    errors = refusal(people.alice, model="gpt-4.1", version="2025-04-14")
    assert errors["version"].startswith("Retired since 14 Oct.")


def test_forbidden_residency_is_refused_whatever_the_form_hid(people):
    room()
    errors = refusal(people.alice, data_class="confidential")
    assert errors["sku"].endswith("Data Zone Standard would pass.")


def test_the_residency_table_of_the_moment_counts_and_its_reason_is_read(people):
    room()
    row = draft(people.alice)
    rule = ResidencyRule.objects.get(data_class="internal", scope="global", geography="Europe")
    change_residency_rule(
        pk=rule.pk, allowed=False, why="The works council said no.", by=people.petra
    )
    with pytest.raises(InvalidError) as refused:
        services.submit_request(request=row, by=people.alice)
    assert refused.value.fields == {
        "region": "The works council said no. Data Zone Standard would pass."
    }


def test_capacity_that_went_meanwhile_is_refused_by_the_guard(people):
    """The form saw enough, another team was faster: the whole act is undone."""
    pool = room()
    row = draft(people.alice)
    pool.holds.create(subject="request:999", amount=900, why="somebody else")
    with pytest.raises(InvalidError, match=r"100"):
        services.submit_request(request=row, by=people.alice)
    row.refresh_from_db()
    assert row.status == "draft"
    assert free(**WHERE).held == 900


def test_no_place_left_undoes_the_submit(people):
    from apps.capacity.models import Pool

    room()
    Pool.objects.filter(meter="accounts").update(limit=0)
    row = draft(people.alice)
    with pytest.raises(ConflictError, match=r"accounts"):
        services.submit_request(request=row, by=people.alice)
    row.refresh_from_db()
    assert row.status == "draft"
    assert not Hold.objects.exists()
    assert not row.steps.exists()


def test_a_second_submit_is_told_that_it_is_in_review(people):
    room()
    row = submitted(people.alice)
    with pytest.raises(ConflictError, match=r"is in review"):
        services.submit_request(request=row, by=people.alice)
    assert free(**WHERE).held == 500


def test_a_role_lost_a_moment_ago_does_not_submit(people):
    room()
    row = draft(people.alice)
    alice = Person.objects.get(pk=people.alice.pk)
    assert alice.held
    Membership.objects.filter(person=alice).delete()
    with pytest.raises(NotAllowedError):
        services.submit_request(request=row, by=alice)


def test_withdraw_gives_the_capacity_free(people):
    room()
    row = submitted(people.alice)
    services.withdraw_request(request=row, reason="Not needed any more.", by=people.alice)
    row.refresh_from_db()
    assert row.status == "withdrawn"
    assert row.ended_at
    assert free(**WHERE).held == 0
    assert set(row.steps.values_list("status", flat=True)) == {"cancelled"}


def test_only_the_requester_or_a_lead_withdraws(people):
    room()
    row = submitted(people.alice)
    with pytest.raises(NotAllowedError, match=r"Only Alice Berger or a lead of Claims Automation"):
        services.withdraw_request(request=row, by=people.bob)
    mine = submitted(people.bob, capacity=100)
    services.withdraw_request(request=mine, by=people.alice)
    with pytest.raises(ConflictError, match=r"can no longer be withdrawn"):
        services.withdraw_request(request=mine, by=people.alice)


def test_what_came_back_is_changed_and_submitted_again(people):
    from dataclasses import dataclass

    @dataclass
    class Refused:
        request_id: int
        sentence: str = "Azure has 50 K TPM left. Ask for 50 or less."

    room()
    row = submitted(people.alice)
    ResourceRequest.objects.filter(pk=row.pk).update(status="building")
    services.return_to_requester(Refused(row.pk))
    row.refresh_from_db()
    assert (row.status, row.trouble) == ("returned", Refused.sentence)
    assert free(**WHERE).held == 0
    payload = {**row.payload, "capacity": "50"}
    services.save_draft(kind=row.kind, payload=payload, request=row, by=people.alice)
    row = services.submit_request(request=row, by=people.alice)
    assert (row.status, row.trouble) == ("in_review", "")
    assert free(**WHERE).held == 50
    assert set(row.steps.values_list("round", flat=True)) == {1, 2}
    services.return_to_requester(Refused(row.pk))
    services.return_to_requester(Refused(row.pk))
