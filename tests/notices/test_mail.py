"""Mail: one for many notices, to those who may still see them, tried again when it is down."""

import re
import smtplib
import subprocess
import sys
from datetime import timedelta
from email import message_from_string
from email.policy import default

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from apps.notices import client, worker
from apps.notices.models import Delivery, Notice
from apps.notices.protocols import Letter, Line
from apps.teams.models import Membership, Person
from portal.embedded.checks import production_environment
from tests.notices.post import mailbox, notice, tick

pytestmark = pytest.mark.django_db(transaction=True)


class Failing(EmailBackend):
    """A mail server that raises what the test put here."""

    error: Exception | None = None
    password = ""

    def __init__(self, *, password, **options):
        Failing.password = password
        super().__init__(**options)

    def send_messages(self, messages):
        if Failing.error:
            raise Failing.error
        return super().send_messages(messages)


@pytest.fixture
def server(settings):
    """The mail server; set `error` to let it fail."""
    settings.EMAIL_BACKEND = f"{__name__}.Failing"
    settings.EMAIL_HOST = "mail.example"
    Failing.error = None
    yield Failing
    Failing.error = None


@pytest.fixture(autouse=True)
def base(settings):
    settings.PORTAL_BASE_URL = "https://portal.example"
    settings.DEFAULT_FROM_EMAIL = "AI portal <portal@example.com>"


def only():
    return Delivery.objects.get()


def test_a_mail_says_title_and_sentence_and_leads_to_the_page(people):
    notice(people.alice, "REQ-1 <is> approved")
    assert tick() == 1
    (sent,) = mail.outbox
    assert sent.subject == "REQ-1 <is> approved"
    assert sent.to == ["alice@northwind.example"]
    assert sent.body == (
        "REQ-1 <is> approved\nPetra Novak said the last yes.\nhttps://portal.example/requests/1/\n\n"
        "--\n"
        "Sent by the AI portal of Northwind. Decisions are made on its pages, never from a mail.\n"
        "What you get, and when: https://portal.example/notices/preferences/\n"
    )
    (html, kind) = sent.alternatives[0]
    assert kind == "text/html"
    assert "REQ-1 &lt;is&gt; approved" in html
    headers = sent.message()
    assert headers["Message-ID"] == f"<{only().key}@example.com>"
    assert headers["List-Unsubscribe"] == "<https://portal.example/notices/preferences/>"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert only().status == "sent"
    assert tick() == 0, "once"


def test_a_mail_server_gets_what_it_takes_and_says_what_it_does_not(people, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    notice(people.alice, "REQ-1 “Größe” is approved")
    notice(people.bob)
    with mailbox() as box:
        settings.EMAIL_HOST, settings.EMAIL_PORT = box.server_address
        box.refused.add("bob@northwind.example")
        assert tick() == 2
    (raw,) = box.mails
    got = message_from_string(raw, policy=default)
    assert (got["To"], got["Subject"]) == (people.alice.email, "REQ-1 “Größe” is approved")
    assert "https://portal.example/requests/1/" in got.get_body(("plain",)).get_content()
    refused = Delivery.objects.get(person=people.bob)
    assert refused.status == "failed"
    assert "does not take mail for bob@northwind.example (550)" in refused.trouble


def test_two_hundred_events_at_once_make_one_mail(people):
    for n in range(200):
        notice(people.alice, f"REQ-{n} is approved")
    notice(people.bob)
    assert tick() == 2
    big = next(one for one in mail.outbox if one.to == ["alice@northwind.example"])
    assert big.subject == "200 notices: REQ-199 is approved"
    assert big.body.count("Petra Novak said") == 50
    assert "And 150 more: https://portal.example/notices/" in big.body
    assert Notice.objects.filter(delivery=None).count() == 0


def test_the_first_one_waits_for_the_others_of_its_minute(people):
    now = timezone.now()
    notice(people.alice, "one", due_at=now + timedelta(seconds=30))
    notice(people.alice, "two", due_at=now + timedelta(seconds=80))
    notice(people.alice, "tomorrow", due_at=now + timedelta(days=1))
    assert tick() == 0
    assert tick(seconds=31) == 1
    assert mail.outbox[0].subject == "2 notices: two"
    assert tick(days=1, minutes=1) == 1


def test_a_line_break_in_a_title_starts_no_header(people):
    notice(people.alice, "x\r\nBcc: all@example.com\nSubject: y\u2028z")
    tick()
    raw = mail.outbox[0].message().as_bytes().decode()
    assert mail.outbox[0].subject == "x Bcc: all@example.com Subject: y z"
    assert not re.search(r"^Bcc:", raw, re.M)
    assert raw.lower().count("\nsubject:") == 1


def test_an_address_with_a_line_break_fails_for_good_and_sends_nothing(people):
    notice(people.alice)
    Person.objects.filter(pk=people.alice.pk).update(email="a@example.com\nBcc: b@example.com")
    tick()
    assert mail.outbox == []
    assert only().status == "failed"
    assert "is no address that a mail can have" in only().trouble


def test_who_left_the_team_meanwhile_gets_no_mail(people):
    notice(people.bob)
    Membership.objects.filter(person=people.bob).delete()
    tick()
    assert mail.outbox == []
    assert only().status == "dropped"


def test_a_closed_account_gets_no_mail(people):
    notice(people.bob)
    Person.objects.filter(pk=people.bob.pk).update(is_active=False)
    tick()
    assert (mail.outbox, only().status) == ([], "dropped")


def test_a_server_that_is_down_keeps_everybodys_mail_waiting(people, server):
    server.error = ConnectionRefusedError(111, "refused")
    for person in (people.alice, people.bob, people.petra):
        notice(person)
    assert tick() == 1, "one mail finds out; nobody else's waits for the time-out"
    assert set(Delivery.objects.values_list("status", flat=True)) == {"pending"}
    trouble = Delivery.objects.exclude(trouble="").get().trouble
    assert trouble == (
        "The mail server mail.example:587 does not answer (ConnectionRefusedError). "
        "The portal tries again by itself."
    )
    server.error = None
    assert tick(minutes=20) == 3
    assert len(mail.outbox) == 3
    assert set(Delivery.objects.values_list("status", "trouble")) == {("sent", "")}


def test_the_pause_grows_to_a_quarter_of_an_hour_and_ends_after_three_days(people, server):
    server.error = smtplib.SMTPServerDisconnected("gone")
    notice(people.alice)
    now, pauses = timezone.now(), []
    for _ in range(7):
        worker.tick(now=now)
        pauses.append((only().due_at - now).total_seconds())
        now = only().due_at
    least = [30, 60, 120, 240, 480, 900, 900]
    assert all(a <= b <= a * 1.3 for a, b in zip(least, pauses, strict=True)), pauses
    worker.tick(now=now + timedelta(days=3))
    assert only().status == "failed"
    assert only().trouble.startswith("Given up after 3 days. The mail server")


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (smtplib.SMTPRecipientsRefused({"a": (550, b"no")}), "failed", "not take mail for alice"),
        (smtplib.SMTPRecipientsRefused({"a": (451, b"later")}), "pending", "not take mail for"),
        (smtplib.SMTPDataError(554, b"spam"), "failed", "did not take this mail (554)"),
        (smtplib.SMTPDataError(452, b"full"), "pending", "did not take this mail (452)"),
        (smtplib.SMTPAuthenticationError(535, b"x"), "pending", "does not let the portal sign in"),
        (smtplib.SMTPSenderRefused(550, b"x", "p@x"), "pending", "Check PORTAL_EMAIL_FROM"),
        (TimeoutError(), "pending", "does not answer (TimeoutError)"),
        (RuntimeError("boom"), "failed", "A defect of the portal"),
    ],
    ids=lambda v: type(v).__name__ if isinstance(v, Exception) else "",
)  # fmt: skip
def test_what_a_server_says_becomes_a_sentence(people, server, error, status, sentence):
    server.error = error
    notice(people.alice)
    tick()
    assert only().status == status
    assert sentence in only().trouble


def test_a_password_that_is_missing_is_said_and_tried_again(people, settings):
    settings.PORTAL_EMAIL_PASSWORD = "env:NO_SUCH_PASSWORD"  # noqa: S105
    notice(people.alice)
    tick()
    assert only().status == "pending"
    assert "The environment variable NO_SUCH_PASSWORD is not set." in only().trouble


def test_the_password_is_read_when_it_is_used(settings, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "s3cret")
    settings.PORTAL_EMAIL_PASSWORD = "env:MAIL_PASSWORD"  # noqa: S105
    settings.EMAIL_BACKEND = f"{__name__}.Failing"
    letter = Letter("k", "a@example.com", "s", [Line("t", "b", "u")], 0, "p", "q")
    client.send_mail(letter)
    assert Failing.password == "s3cret"  # noqa: S105


@pytest.mark.parametrize(
    ("word", "starts_tls", "speaks_tls"),
    [
        ("", True, False),
        ("starttls", True, False),
        ("tls", False, True),
        ("none", False, False),
        ("a misspelt word", True, False),
    ],
)
def test_only_none_sends_in_the_clear(word, starts_tls, speaks_tls):
    ask = "from portal import settings as s; print(s.EMAIL_USE_TLS, s.EMAIL_USE_SSL)"
    env = {**production_environment(), "PORTAL_EMAIL_TLS": word}
    said = subprocess.run([sys.executable, "-c", ask], env=env, capture_output=True, check=True)
    assert said.stdout.decode().split() == [str(starts_tls), str(speaks_tls)]
