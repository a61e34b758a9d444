"""Teams: one card over real HTTPS, text as it is, and an address that stays secret."""

import json
import logging

import pytest
from django.core import mail

from apps.kernel import secrets
from apps.notices.models import Delivery, TeamsChannel
from apps.notices.worker import claim
from tests.notices.post import notice, tick, workflow

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def flow(tmp_path, monkeypatch):
    with workflow(tmp_path) as running:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", running.ca)
        monkeypatch.setenv("HOOK", running.url)
        secrets.forget()
        yield running
    secrets.forget()


@pytest.fixture
def channel(people):
    return TeamsChannel.objects.create(name="AI desk", webhook="env:HOOK", topics=["decide"])


def only():
    return Delivery.objects.get()


def test_a_channel_gets_one_card_for_all_that_waits(channel, flow, settings):
    settings.PORTAL_BASE_URL = "https://portal.example"
    for n in range(20):
        notice(channel=channel, title=f"REQ-{n} [waits](https://evil.example) **now**")
    assert tick() == 1
    ((path, posted),) = flow.posted
    assert path == "/workflows/1?sig=secret"
    (attachment,) = posted["attachments"]
    assert posted["type"] == "message"
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card = attachment["content"]
    runs = [run for block in card["body"] for run in block["inlines"]]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}, "no Markdown"
    assert runs[0]["text"] == "REQ-19 [waits](https://evil.example) **now**"
    assert runs[0]["selectAction"]["url"] == "https://portal.example/requests/1/"
    assert runs[-1]["text"] == "And 5 more in the portal."
    assert card["actions"][0]["url"] == "https://portal.example/notices/"
    assert len(json.dumps(posted)) < 28_000
    assert (only().status, mail.outbox) == ("sent", [])


def test_a_single_notice_leads_to_its_page(channel, flow, settings):
    settings.PORTAL_BASE_URL = "https://portal.example"
    notice(channel=channel)
    tick()
    (action,) = flow.posted[0][1]["attachments"][0]["content"]["actions"]
    assert action["type"] == "Action.OpenUrl"
    assert action["url"] == "https://portal.example/requests/1/"


@pytest.mark.parametrize(
    ("answer", "status", "sentence"),
    [
        (429, "pending", "The workflow of AI desk answered 429. The portal tries again by itself."),
        (503, "pending", "The workflow of AI desk answered 503."),
        (404, "failed", "Its address may have changed"),
        (302, "failed", "answered 302"),
    ],
)
def test_what_a_workflow_says_becomes_a_sentence(channel, flow, answer, status, sentence):
    flow.status, flow.headers = answer, {"Retry-After": "500", "Location": "https://evil.example/"}
    notice(channel=channel)
    tick()
    found = only()
    assert (found.status, found.attempts) == (status, 1)
    assert sentence in found.trouble
    assert len(flow.posted) == 1, "no redirect is followed"
    if answer == 429:
        assert (found.due_at - found.since_at).total_seconds() > 490
        flow.status = 202
        assert tick(minutes=20) == 1
        assert (only().status, len(flow.posted)) == ("sent", 2)


def test_the_address_is_in_no_row_and_in_no_log(channel, flow, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("HOOK", "https://127.0.0.1:1/workflows/1?sig=top-secret")
    secrets.forget()
    notice(channel=channel)
    tick()
    assert only().status == "pending"
    assert "does not answer (ConnectionError)" in only().trouble
    own = [one.getMessage() for one in caplog.records if one.name.startswith(("apps", "portal"))]
    assert "top-secret" not in f"{Delivery.objects.values()} {own}"


@pytest.mark.parametrize(
    "address",
    [
        *("http://127.0.0.1:1/x", "ftp://x", "nonsense", "https://[x/", "https://a b.example/x"),
        *(f"https://{'x' * 70}.example/", "https://x.example:99999/"),
    ],
)
def test_only_https_is_spoken(channel, flow, monkeypatch, address):
    monkeypatch.setenv("HOOK", address)
    secrets.forget()
    notice(channel=channel)
    tick()
    assert only().status == "failed"
    assert only().trouble == "What env:HOOK holds is no https address of a workflow."


def test_a_certificate_that_nobody_trusts_is_said(channel, flow, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    notice(channel=channel)
    tick()
    assert (only().status, flow.posted) == ("pending", [])
    assert only().trouble == "The certificate of the workflow is not trusted."


def test_a_secret_that_is_missing_is_said_and_tried_again(channel, monkeypatch):
    monkeypatch.delenv("HOOK", raising=False)
    secrets.forget()
    notice(channel=channel)
    tick()
    assert only().status == "pending"
    assert "The environment variable HOOK is not set." in only().trouble


def test_a_channel_that_was_removed_is_told_nothing(channel, flow):
    notice(channel=channel)
    TeamsChannel.objects.update(active=False)
    tick()
    assert (only().status, flow.posted) == ("dropped", [])


def test_mail_that_is_down_keeps_no_card_waiting(channel, people, flow, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    notice(people.alice)
    notice(people.bob)
    notice(channel=channel)
    assert tick() == 2
    assert len(flow.posted) == 1
    assert claim(now=only_mail().due_at, mail=False) is None


def only_mail():
    return Delivery.objects.filter(person__isnull=False).exclude(trouble="").get()
