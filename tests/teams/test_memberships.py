"""Roles are given and taken, with a trace; the last platform admin stays."""

from functools import partial

import pytest
from django.core.management import CommandError, call_command

from apps.kernel.errors import ConflictError, NotAllowedError
from apps.kernel.models import AuditEntry
from apps.teams import selectors, services
from apps.teams.models import Membership, Person
from apps.teams.roles import Action, Role
from tests.race import at_once
from tests.teams.organisation import Organisation, person


@pytest.mark.django_db
def test_a_role_is_given_once_and_leaves_a_trace():
    org, petra, bob = Organisation(), person(Role.PLATFORM_ADMIN), person()
    assert not selectors.may(bob, Action.REQUEST_CREATE, org.claims)
    services.grant_role(person=bob, role=Role.REQUESTER, team=org.claims, by=petra)
    services.grant_role(person=bob, role=Role.REQUESTER, team=org.claims, by=petra)
    assert selectors.may(bob, Action.REQUEST_CREATE, org.claims)
    entry = AuditEntry.objects.get(verb="granted a role")
    assert (entry.actor, entry.subject, entry.scope) == (petra.ref, bob.ref, org.claims.scope)
    assert entry.after == {"role": "requester", "for": "Claims"}


@pytest.mark.django_db
def test_a_role_is_taken_back():
    org, petra = Organisation(), person(Role.PLATFORM_ADMIN)
    bob = person(Role.REQUESTER, org.claims)
    services.revoke_role(membership=bob.memberships.get(), by=petra)
    assert not selectors.may(Person.objects.get(pk=bob.pk), Action.REQUEST_CREATE, org.claims)
    assert AuditEntry.objects.get(verb="revoked a role").subject == bob.ref


@pytest.mark.django_db
def test_only_a_platform_admin_gives_roles():
    org = Organisation()
    for role, scope in ((Role.TEAM_LEAD, org.claims), (Role.PLATFORM_ADMIN, org.claims)):
        with pytest.raises(NotAllowedError, match="Only a platform admin of the whole platform"):
            services.grant_role(person=person(), role=Role.AUDITOR, by=person(role, scope))
    assert not Membership.objects.filter(role=Role.AUDITOR).exists()


@pytest.mark.django_db
def test_the_last_platform_admin_stays():
    petra = person(Role.PLATFORM_ADMIN)
    with pytest.raises(ConflictError, match="last platform admin"):
        services.revoke_role(membership=petra.memberships.get(), by=petra)


@pytest.mark.django_db
def test_the_last_platform_admin_closes_no_account_of_their_own():
    petra = person(Role.PLATFORM_ADMIN)
    with pytest.raises(ConflictError, match="last platform admin"):
        services.deactivate(person=petra, by=petra)
    assert services.deactivate(person=person(Role.AUDITOR), by=petra)
    assert services.deactivate(person=petra), "the portal itself may: the demo ends"


@pytest.mark.django_db
def test_another_role_of_the_last_platform_admin_can_go():
    petra = person(Role.PLATFORM_ADMIN)
    held = services.grant_role(person=petra, role=Role.AUDITOR, by=petra)
    services.revoke_role(membership=held, by=petra)
    assert petra.memberships.get().role == Role.PLATFORM_ADMIN


def revoke(by, of):
    services.revoke_role(membership=of.memberships.get(), by=by)


def close(by, of):
    services.deactivate(person=of, by=by)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("acts", [(revoke, revoke), (close, close), (revoke, close)])
def test_of_two_admins_who_remove_each_other_one_stays(acts):
    """Whoever waited for the other's locks has to look again who is still an admin."""
    for _ in range(5):
        pair = [person(Role.PLATFORM_ADMIN), person(Role.PLATFORM_ADMIN)]
        outcomes = at_once([partial(acts[0], *pair), partial(acts[1], *pair[::-1])])
        assert [type(one) for one in outcomes if one] == [NotAllowedError]
        assert selectors.platform_admins().count() == 1
        Membership.objects.all().delete()


@pytest.mark.django_db
def test_demo_people_are_found_while_they_can_sign_in():
    demo = person(Role.REQUESTER)
    assert not selectors.demo_people_active()
    Person.objects.filter(pk=demo.pk).update(demo=True)
    assert selectors.demo_people_active() == [demo]
    assert services.deactivate(person=demo)
    assert not services.deactivate(person=demo)
    assert not selectors.demo_people_active()


@pytest.mark.django_db
def test_environments_are_made_once():
    services.ensure_environments()
    services.ensure_environments()
    tiers = [(one.slug, one.tier) for one in selectors.environments()]
    assert tiers == [("dev", "nonprod"), ("test", "nonprod"), ("prod", "prod")]


@pytest.mark.django_db
def test_first_admin_is_made_once():
    call_command("first_admin", email="Petra@northwind.example", name="Petra Novak")
    petra = selectors.person_by_email("petra@northwind.example")
    assert selectors.may(petra, Action.JOB_OPERATE, None)
    with pytest.raises(CommandError, match="There is a platform admin already"):
        call_command("first_admin", email="mallory@northwind.example", name="Mallory")
    assert not Person.objects.filter(name="Mallory").exists()
    call_command("first_admin", email="ida@northwind.example", name="Ida Kraus", force=True)
    assert selectors.platform_admins().count() == 2


@pytest.mark.django_db
def test_first_admin_wants_an_email_address():
    with pytest.raises(CommandError, match="nonsense is no e-mail address"):
        call_command("first_admin", email="nonsense", name="Nobody")
