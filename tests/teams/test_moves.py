"""A team moves to another business unit: who may, where to, and what everybody sees then."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from apps.kernel import audit
from apps.kernel.actors import SYSTEM
from apps.kernel.errors import ConflictError, NotAllowedError
from apps.kernel.events import LISTENERS
from apps.kernel.models import AuditEntry
from apps.teams import selectors, services
from apps.teams.events import TeamMoved
from apps.teams.models import BusinessUnit, Person, Team
from apps.teams.roles import Action, Role
from tests.race import at_once
from tests.teams.organisation import Organisation, person, team, unit

pytestmark = pytest.mark.django_db


def move(org, to, by=SYSTEM):
    services.move_team(team=org.claims, to=to, by=by)


def unit_of(moved):
    return Team.objects.get(pk=moved.pk).business_unit


def anew(who):
    """Forget what was read of somebody's memberships."""
    return Person.objects.get(pk=who.pk)


def test_a_move_is_told_with_its_moment_and_leaves_a_trace_in_both_units(monkeypatch):
    org, petra, told = Organisation(), person(Role.PLATFORM_ADMIN), []
    monkeypatch.setitem(LISTENERS, TeamMoved, [*LISTENERS[TeamMoved], told.append])
    before = timezone.now()
    move(org, org.retail, by=petra)
    assert org.claims.business_unit == unit_of(org.claims) == org.retail
    (event,) = told
    assert event == TeamMoved(org.claims.pk, org.insurance.pk, org.retail.pk, event.at)
    assert before < event.at < timezone.now()
    out, into = AuditEntry.objects.filter(subject=f"team:{org.claims.pk}").order_by("pk")
    assert (out.verb, out.scope) == ("moved a team out", org.insurance.scope)
    assert (into.verb, into.scope) == ("moved a team in", org.retail.scope)
    for entry in (out, into):
        assert (entry.actor, entry.subject_name) == (petra.ref, "Claims")
        assert entry.before == {"business_unit": "Insurance"}
        assert entry.after == {"business_unit": "Retail"}


def test_roles_of_a_unit_follow_its_teams_and_the_lead_stays():
    org = Organisation()
    old, new = person(Role.APPROVER, org.insurance), person(Role.APPROVER, org.retail)
    lead, other = person(Role.TEAM_LEAD, org.claims), person(Role.TEAM_LEAD, org.fraud)
    move(org, org.retail)
    may = [
        selectors.may(anew(who), Action.RESOURCE_READ, org.claims)
        for who in (old, new, lead, other)
    ]
    assert may == [False, True, True, False]


def test_a_lead_still_reads_what_the_team_did_before():
    org = Organisation()
    lead, other = person(Role.TEAM_LEAD, org.claims), person(Role.TEAM_LEAD, org.fraud)
    audit.record(subject="request:1", verb="approved", scope=org.claims.scope, by=SYSTEM)
    move(org, org.retail)
    audit.record(subject="request:2", verb="approved", scope=org.claims.scope, by=SYSTEM)
    seen = selectors.audit_trail(lead, verb="approved").order_by("pk")
    assert [entry.subject for entry in seen] == ["request:1", "request:2"]
    assert not selectors.audit_trail(other, verb="approved").exists()


@pytest.mark.parametrize(
    ("role", "scope"),
    [
        (Role.TEAM_LEAD, "claims"),
        (Role.PLATFORM_ADMIN, "claims"),
        (Role.PLATFORM_ADMIN, "insurance"),
        (Role.FINANCE, None),
        (Role.AUDITOR, None),
        (None, None),
    ],
)
def test_only_a_platform_admin_moves_a_team(role, scope):
    org = Organisation()
    by = person(role, scope and getattr(org, scope))
    with pytest.raises(NotAllowedError) as refusal:
        move(org, org.retail, by=by)
    sentence = "Only a platform admin of the whole platform may move a team."
    assert refusal.value.message == sentence
    assert unit_of(org.claims) == org.insurance


def test_a_team_that_is_there_already_does_not_move():
    org = Organisation()
    with pytest.raises(ConflictError) as refusal:
        move(org, org.insurance)
    sentence = "Claims belongs to Insurance already. Pick another business unit."
    assert refusal.value.message == sentence
    assert not AuditEntry.objects.exists()


def test_a_unit_that_is_not_active_takes_no_team():
    org, today = Organisation(), selectors.today()
    over, coming = unit("closed", ends_in_days=0), unit("coming")
    BusinessUnit.objects.filter(pk=coming.pk).update(active_from=today + timedelta(days=1))
    spans = (
        (over, f"Closed is active from {over.active_from} until before {today}"),
        (coming, f"Coming is active from {today + timedelta(days=1)}"),
    )
    for to, span in spans:
        with pytest.raises(ConflictError) as refusal:
            move(org, to)
        assert refusal.value.message == (
            f"{span}, so it cannot take a team today (UTC). "
            "Pick a business unit that is active today."
        )
    assert unit_of(org.claims) == org.insurance


def test_a_unit_has_one_team_of_a_name():
    org = Organisation()
    twin = team(org.retail, "claims-of-retail")
    Team.objects.filter(pk=twin.pk).update(name="Claims")
    with pytest.raises(ConflictError) as refusal:
        move(org, org.retail)
    sentence = "Retail has a team Claims already. Rename one of the two, then move this one."
    assert refusal.value.message == sentence
    assert unit_of(org.claims) == org.insurance


def test_a_stale_copy_of_the_team_decides_nothing():
    org = Organisation()
    stale = Team.objects.get(pk=org.claims.pk)
    move(org, org.retail)
    with pytest.raises(ConflictError, match="belongs to Retail already"):
        services.move_team(team=stale, to=org.retail, by=SYSTEM)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_move_a_team_to_one_unit_one_does():
    org = Organisation()
    outcomes = at_once([partial(move, org, org.retail)] * 2)
    assert sorted(type(one).__name__ for one in outcomes) == ["ConflictError", "NoneType"]
    assert AuditEntry.objects.filter(verb="moved a team in").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_teams_of_one_name_that_move_to_one_unit_at_once_one_does():
    org, third = Organisation(), unit("third")
    twin = team(third, "claims-of-third")
    Team.objects.filter(pk=twin.pk).update(name="Claims")
    pair = [Team.objects.get(pk=one.pk) for one in (org.claims, twin)]
    outcomes = at_once(
        [partial(services.move_team, team=one, to=org.retail, by=SYSTEM) for one in pair]
    )
    assert sorted(type(one).__name__ for one in outcomes) == ["ConflictError", "NoneType"]
    assert org.retail.teams.filter(name="Claims").count() == 1
