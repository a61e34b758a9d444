"""Who may do what where: the cells are written by hand."""

from datetime import timedelta
from itertools import product

import pytest

from apps.kernel.errors import NotAllowedError
from apps.teams import selectors, services
from apps.teams.models import Person
from apps.teams.roles import GRANTS, Action, Role
from tests.teams.organisation import Organisation, person

pytestmark = pytest.mark.django_db

ROLES = ("requester", "team_lead", "approver", "platform_admin", "security", "finance", "auditor")
TABLE = {
    #                    req lead appr admin sec fin aud
    "request.create":   "x   x    .    .     .   .   .",
    "request.read":     "x   x    x    x     x   x   x",
    "request.withdraw": ".   x    .    .     .   .   .",
    "decide.team":      ".   x    .    .     .   .   .",
    "decide.platform":  ".   .    x    x     .   .   .",
    "decide.finance":   ".   .    .    .     .   x   .",
    "decide.security":  ".   .    .    .     x   .   .",
    "resource.read":    "x   x    x    x     x   x   x",
    "usage.read":       "x   x    x    x     x   x   x",
    "job.operate":      ".   .    .    x     .   .   .",
    "azure.raw":        ".   .    .    x     .   .   .",
    "catalog.edit":     ".   .    .    x     .   .   .",
    "capacity.edit":    ".   .    .    x     .   .   .",
    "policy.edit":      ".   .    .    x     .   .   .",
    "notices.operate":  ".   .    .    x     .   .   .",
    "audit.read":       ".   x    .    x     x   .   x",
}  # fmt: skip
WHERE = {
    #                           claims underwriting ended fraud platform
    ("requester", "claims"):      "x      .            .     .     .",
    ("requester", "insurance"):   "x      x            .     .     .",
    ("requester", "platform"):    "x      x            .     x     x",
    ("team_lead", "claims"):      "x      .            .     .     .",
    ("team_lead", "ended"):       ".      .            .     .     .",
    ("team_lead", "insurance"):   "x      x            .     .     .",
    ("approver", "claims"):       "x      .            .     .     .",
    ("approver", "insurance"):    "x      x            x     .     .",
    ("approver", "platform"):     "x      x            x     x     x",
    ("platform_admin", "platform"): "x    x            x     x     x",
    ("security", "platform"):     "x      x            x     x     x",
    ("finance", "ended"):         ".      .            x     .     .",
    ("finance", "insurance"):     "x      x            x     .     .",
    ("finance", "platform"):      "x      x            x     x     x",
    ("auditor", "retail"):        ".      .            .     x     .",
    ("auditor", "platform"):      "x      x            x     x     x",
}  # fmt: skip


@pytest.fixture
def org():
    return Organisation()


def scope_of(org, name):
    return None if name == "platform" else getattr(org, name)


def test_the_table_of_roles_and_actions_is_the_one_written_here():
    for action, cells in TABLE.items():
        granted = [Action(action) in GRANTS[Role(role)] for role in ROLES]
        assert granted == [cell == "x" for cell in cells.split()], action
    assert set(TABLE) == set(Action.values)
    assert set(ROLES) == set(Role.values)


@pytest.mark.parametrize(("held", "cells"), WHERE.items())
def test_who_sees_requests_where(org, held, cells):
    role, scope = held
    somebody = person(Role(role), scope_of(org, scope))
    seen = [selectors.may(somebody, Action.REQUEST_READ, where) for where in (*org.teams, None)]
    assert seen == [cell == "x" for cell in cells.split()]


def test_a_list_says_the_same_as_the_single_answer(org):
    """teams_where, people_who_may and may_anywhere never differ from may."""
    scopes = ("platform", "insurance", "retail", "claims", "ended", "fraud")
    everybody = [person(role, scope_of(org, scope)) for role, scope in product(Role, scopes)]
    for action in Action:
        for team in org.teams:
            may = {p for p in everybody if selectors.may(p, action, team)}
            assert set(selectors.people_who_may(action, team)) == may, (action, team)
        for somebody in everybody:
            teams = {team for team in org.teams if selectors.may(somebody, action, team)}
            assert set(selectors.teams_where(somebody, action)) == teams, (action, somebody)
            if teams:
                assert selectors.may_anywhere(somebody, action)


def test_nobody_asks_for_a_team_that_ended(org):
    org.claims.active_to = selectors.today()
    org.claims.save()
    for role, scope in product(Role, (org.claims, org.insurance, None)):
        assert not selectors.may(person(role, scope), Action.REQUEST_CREATE, org.claims)


def test_a_team_ends_with_its_unit_and_not_a_day_earlier(org):
    alice = person(Role.TEAM_LEAD, org.claims)
    org.insurance.active_to = selectors.today() + timedelta(days=1)
    org.insurance.save()
    assert selectors.may(alice, Action.REQUEST_CREATE, org.claims)
    org.insurance.active_to = selectors.today()
    org.insurance.save()
    org.claims.refresh_from_db()
    alice = Person.objects.get(pk=alice.pk)
    assert not selectors.may(alice, Action.REQUEST_CREATE, org.claims)
    assert not selectors.may_anywhere(alice, Action.REQUEST_CREATE)
    assert not selectors.teams_where(alice, Action.REQUEST_CREATE)


def test_a_team_that_has_not_begun_asks_for_nothing(org):
    org.claims.active_from = selectors.today() + timedelta(days=1)
    org.claims.save()
    assert not selectors.may(person(Role.TEAM_LEAD, org.claims), Action.REQUEST_CREATE, org.claims)


def test_somebody_whose_account_is_closed_may_nothing(org):
    petra = person(Role.PLATFORM_ADMIN)
    services.deactivate(person=petra)
    assert not selectors.may(petra, Action.REQUEST_READ, org.claims)
    assert petra not in selectors.people_who_may(Action.REQUEST_READ, org.claims)


def test_workloads_are_those_of_present_teams(org):
    since = {"active_from": org.claims.active_from}
    triage = org.claims.workloads.create(slug="triage", **since)
    org.claims.workloads.create(slug="gone", active_to=selectors.today(), **since)
    org.underwriting.workloads.create(slug="notes", **since)
    org.ended.workloads.create(slug="old", **since)
    assert list(selectors.workloads_for(person(Role.REQUESTER, org.claims))) == [triage]
    unit_wide = selectors.workloads_for(person(Role.TEAM_LEAD, org.insurance))
    assert [w.slug for w in unit_wide] == ["triage", "notes"]
    assert not selectors.workloads_for(person(Role.PLATFORM_ADMIN))


def test_a_refusal_names_the_role_that_may(org):
    with pytest.raises(NotAllowedError) as refused:
        services.require(person(Role.AUDITOR), Action.REQUEST_CREATE, org.claims)
    assert refused.value.message == (
        "This is “ask for something”: only a requester or team lead of Claims may do this."
    )


def test_memberships_are_read_once(org, django_assert_num_queries):
    alice = person(Role.TEAM_LEAD, org.claims)
    with django_assert_num_queries(1):
        for action in Action:
            selectors.may(alice, action, org.claims)
            selectors.may_anywhere(alice, action)
