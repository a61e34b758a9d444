"""Signing in through the real page: tries, lock-out, safe redirects, one-time links."""

import time
from io import StringIO

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from apps.kernel.models import AuditEntry
from apps.teams import services, tasks
from apps.teams.models import Person
from apps.teams.roles import Role
from tests.race import at_once
from tests.teams.organisation import PASSWORD, person

pytestmark = pytest.mark.django_db
WRONG = "not-the-password-at-all"


def sign_in(email, password=PASSWORD, client=None, **more):
    client = client or Client()
    return client.post(reverse("account_login"), {"login": email, "password": password, **more})


def sentence(response):
    return " ".join(response.context["form"].non_field_errors())


def test_somebody_signs_in_and_out():
    alice, client = person(Role.REQUESTER, password=PASSWORD), Client()
    response = sign_in(alice.email.upper(), client=client)
    assert (response.status_code, response["Location"]) == (302, reverse("home"))
    assert client.get(reverse("home")).status_code == 200
    assert AuditEntry.objects.get(verb="signed in").actor == alice.ref
    client.post(reverse("account_logout"))
    assert client.get(reverse("home")).status_code == 302


def test_five_failures_lock_out_also_with_the_right_password():
    alice, bob = person(password=PASSWORD), person(password=PASSWORD)
    said = [sentence(sign_in(alice.email, WRONG)) for _ in range(5)]
    assert said[0] == (
        "E-mail and password do not match. 4\xa0tries left, then a pause of 15\xa0minutes."
    )
    assert "1\xa0try left" in said[3]
    assert said[4] == "E-mail and password do not match. No tries left: a pause of 15\xa0minutes."
    refused = sign_in(alice.email)
    assert sentence(refused) == (
        "Too many tries. Signing in with this e-mail is paused: try again in 15\xa0minutes."
    )
    assert sign_in(alice.email.upper()).status_code == 200
    assert sign_in(alice.email, client=Client(SERVER_NAME="localhost")).status_code == 200
    assert sign_in(bob.email).status_code == 302


def test_the_pause_ends(monkeypatch):
    alice = person(password=PASSWORD)
    for _ in range(5):
        sign_in(alice.email, WRONG)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 12 * 60)
    assert "try again in 3\xa0minutes." in sentence(sign_in(alice.email))
    monkeypatch.setattr(time, "time", lambda: now + 15 * 60 + 1)
    assert sign_in(alice.email).status_code == 302


def test_a_sign_in_gives_back_its_own_try_only():
    alice = person(password=PASSWORD)
    for _ in range(4):
        sign_in(alice.email, WRONG)
    assert sign_in(alice.email).status_code == 302
    assert "No tries left" in sentence(sign_in(alice.email, WRONG))


def test_an_unknown_email_reads_like_a_known_one():
    alice = person(password=PASSWORD)
    known, unknown = sign_in(alice.email, WRONG), sign_in("nobody@northwind.example", WRONG)
    assert sentence(known) == sentence(unknown)


def test_failures_leave_a_trace_without_the_password():
    alice = person(password=PASSWORD)
    for _ in range(7):
        sign_in(alice.email, WRONG)
    sign_in("nobody@northwind.example", WRONG)
    entries = AuditEntry.objects.filter(actor="anonymous").order_by("id")
    verbs = list(entries.values_list("verb", "subject"))
    assert verbs == [
        *[("failed to sign in", alice.ref)] * 4,
        ("was locked out", alice.ref),
        ("failed to sign in", "sign-in"),
    ]
    for entry in entries.values():
        assert WRONG not in str(entry)


def test_somebody_whose_account_is_closed_does_not_get_in():
    alice, client = person(password=PASSWORD), Client()
    sign_in(alice.email, client=client)
    services.deactivate(person=alice)
    assert client.get(reverse("home")).status_code == 302, "an open session ends too"
    response = sign_in(alice.email, client=client)
    assert response["Location"] == reverse("account_inactive")
    assert client.get(reverse("account_inactive")).status_code == 200
    assert client.get(reverse("home")).status_code == 302


@pytest.mark.parametrize(
    ("asked", "goes"),
    [
        ("/audit/?verb=approved", "/audit/?verb=approved"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("http://localhost/", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_a_redirect_stays_on_this_host(asked, goes):
    alice = person(password=PASSWORD)
    assert sign_in(alice.email, next=asked)["Location"] == goes


def test_nobody_makes_an_account_for_themselves():
    with pytest.raises(NoReverseMatch):
        reverse("account_signup")
    assert Client().get("/account/signup/").status_code == 404


def test_the_first_admin_sets_a_password_with_the_link_once(settings):
    out = StringIO()
    call_command("first_admin", email="petra@northwind.example", name="Petra Novak", stdout=out)
    link = out.getvalue().splitlines()[-1]
    assert link.startswith(settings.PORTAL_BASE_URL)
    client, path = Client(), link.removeprefix(settings.PORTAL_BASE_URL)
    assert sign_in("petra@northwind.example", "").status_code == 200
    form = client.get(path, follow=True)
    assert form.status_code == 200
    chosen = {"password1": PASSWORD, "password2": PASSWORD}
    weak = client.post(form.request["PATH_INFO"], {"password1": "short", "password2": "short"})
    assert weak.context["form"].errors
    done = client.post(form.request["PATH_INFO"], chosen, follow=True)
    assert done.status_code == 200
    assert b"successfully" not in done.content
    assert sign_in("petra@northwind.example").status_code == 302
    petra = Person.objects.get()
    assert petra.password.startswith("argon2")
    assert AuditEntry.objects.filter(verb="set the password", subject=petra.ref).exists()
    assert not AuditEntry.objects.filter(note__contains="account/link").exists()
    again = Client().get(path, follow=True)
    assert "form" not in again.context or again.context.get("token_fail")


def test_a_new_password_ends_a_lock_out():
    call_command(
        "first_admin", email="p@northwind.example", name="Petra", stdout=(out := StringIO())
    )
    for _ in range(5):
        sign_in("p@northwind.example", WRONG)
    path = out.getvalue().splitlines()[-1].split("8000", 1)[1]
    client = Client()
    form = client.get(path, follow=True)
    client.post(form.request["PATH_INFO"], {"password1": PASSWORD, "password2": PASSWORD})
    assert sign_in("p@northwind.example").status_code == 302


def test_a_person_changes_the_password():
    alice, client = person(password=PASSWORD), Client()
    sign_in(alice.email, client=client)
    other = "another-long-password"
    page = client.post(
        reverse("account_change_password"),
        {"oldpassword": PASSWORD, "password1": other, "password2": other},
        follow=True,
    )
    assert "The password is changed." in page.content.decode()
    assert sign_in(alice.email, other).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_tries_in_parallel_gain_nothing():
    alice = person(password=PASSWORD)
    said = at_once([lambda: sentence(sign_in(alice.email, WRONG)) for _ in range(12)])
    assert sum(one.startswith("E-mail and password do not match.") for one in said) <= 5
    assert sum(one.startswith("Too many tries.") for one in said) >= 7


def test_sessions_that_ran_out_are_deleted():
    for email in (person(password=PASSWORD).email, person(password=PASSWORD).email):
        sign_in(email)
    Session.objects.filter(pk=Session.objects.first().pk).update(expire_date=timezone.now())
    tasks.forget_sessions()
    assert Session.objects.count() == 1
