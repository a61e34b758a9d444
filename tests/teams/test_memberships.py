"""Roles are given and taken, with a trace; the last platform admin stays."""

import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from apps.kernel.errors import ConflictError, NotAllowedError
from apps.kernel.models import AuditEntry
from apps.teams import selectors, services
from apps.teams.models import Membership, Person
from apps.teams.roles import Action, Role
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


@pytest.mark.django_db(transaction=True)
def test_of_two_admins_who_revoke_each_other_one_stays():
    pair = [person(Role.PLATFORM_ADMIN), person(Role.PLATFORM_ADMIN)]
    barrier, refused = threading.Barrier(2), []

    def revoke(by, of):
        barrier.wait()
        try:
            services.revoke_role(membership=Membership.objects.get(person=of), by=by)
        except (ConflictError, NotAllowedError, Membership.DoesNotExist) as error:
            refused.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=revoke, args=p) for p in (pair, pair[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert selectors.platform_admins().count() == 1


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
