"""The bell, the list, preferences and the log of deliveries, as people see them."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.kernel import formats
from apps.kernel.models import AuditEntry
from apps.notices.models import Delivery, DigestTime, Notice, Preference, TeamsChannel
from apps.teams.models import Membership
from tests.notices.post import notice
from tests.requests.asks import plain

pytestmark = pytest.mark.django_db


def note(person, title="REQ-1 is approved", **more):
    return notice(person, title, **{"due_at": None, **more})


def page(client, path="/notices/"):
    response = client.get(path)
    assert response.status_code == 200
    return plain(response.content.decode())


def test_the_bell_counts_what_is_unread(people, client_of):
    client = client_of(people.alice)
    assert "hx-trigger='load, every 300s'" in page(client, "/").replace('"', "'")
    assert "Notices: none unread" in page(client, "/notices/bell/")
    note(people.alice)
    note(people.alice, "read", read_at=timezone.now())
    note(people.alice, "not listed", listed=False)
    note(people.bob, "not hers")
    assert "Notices: 1 unread" in page(client, "/notices/bell/")
    Notice.objects.bulk_create(
        Notice(
            person=people.alice, event_key=f"k{n}", topic="mine", subject="", title="x", body="x",
            path="/", tone="off",
        )
        for n in range(150)
    )  # fmt: skip
    assert "Notices: 100 or more unread" in page(client, "/notices/bell/")


def test_a_notice_is_marked_read_once_and_leads_to_its_page(people, client_of):
    client, row = client_of(people.alice), note(people.alice)
    assert "REQ-1 is approved" in page(client)
    assert client.get(f"/notices/{row.pk}/read/", {"go": "1"}).status_code == 405
    row.refresh_from_db()
    assert row.read_at is None, "a GET changes nothing"
    assert client.post(f"/notices/{row.pk}/read/")["Location"] == "/notices/"
    row.refresh_from_db()
    at = row.read_at
    assert at
    assert client.post(f"/notices/{row.pk}/read/", {"go": "1"})["Location"] == "/requests/1/"
    row.refresh_from_db()
    assert row.read_at == at
    assert "REQ-1 is approved" not in page(client)
    assert "REQ-1 is approved" in page(client, "/notices/?tab=all")


def test_all_are_marked_read_and_nobody_elses(people, client_of):
    note(people.alice)
    note(people.alice, "two")
    theirs = note(people.bob)
    shown = client_of(people.alice).post("/notices/read/", follow=True)
    assert "2 notices marked as read." in plain(shown.content.decode())
    assert not Notice.objects.filter(person=people.alice, read_at=None).exists()
    theirs.refresh_from_db()
    assert theirs.read_at is None


def test_only_what_is_listed_is_marked_read(people, client_of):
    note(people.alice)
    hidden = note(people.alice, "sent by mail alone", listed=False)
    shown = client_of(people.alice).post("/notices/read/", follow=True)
    assert "1 notice marked as read." in plain(shown.content.decode())
    hidden.refresh_from_db()
    assert hidden.read_at is None


def test_who_left_the_team_no_longer_sees_its_notices(people, client_of):
    row = note(people.bob)
    Membership.objects.filter(person=people.bob).delete()
    client = client_of(people.bob)
    assert "REQ-1" not in page(client, "/notices/?tab=all")
    assert "none unread" in page(client, "/notices/bell/")
    assert client.post(f"/notices/{row.pk}/read/").status_code == 404


def test_what_people_typed_is_escaped(people, client_of):
    note(people.alice, "<img src=x onerror=alert(1)>")
    text = page(client_of(people.alice))
    assert "<img src=x" not in text
    assert "&lt;img src=x" in text


def test_pages_of_the_list(people, client_of):
    for n in range(30):
        note(people.alice, f"notice {n:02}")
    client = client_of(people.alice)
    first = page(client)
    assert ("notice 29" in first, "notice 05" in first, "notice 04" in first) == (True, True, False)
    older = re.search(r'href="(\?cursor=[^"]+)"\s+rel="next"', first).group(1)
    assert "notice 04" in page(client, f"/notices/{older}")


CHOSEN = {
    "portal-decide": "now",
    "portal-mine": "off",
    "portal-team": "now",
    "email-decide": "now",
    "email-mine": "daily",
    "email-team": "off",
    "hour": "7",
    "zone": "Europe/Berlin",
}


def test_preferences_are_kept_where_they_differ_from_the_default(people, client_of):
    client = client_of(people.alice)
    waiting = note(people.alice, "waits", topic="team", due_at=timezone.now())
    other = note(people.alice, "other", topic="mine", due_at=timezone.now())
    shown = client.post("/notices/preferences/save/", CHOSEN, follow=True).content.decode()
    assert "Saved." in shown
    rows = Preference.objects.values_list("channel", "topic", "mode")
    kept = {("portal", "mine", "off"), ("email", "mine", "daily"), ("email", "team", "off")}
    assert set(rows) == kept
    assert DigestTime.objects.values_list("hour", "zone").get() == (7, "Europe/Berlin")
    assert re.search(r'name="email-mine"\s+value="daily"\s+checked', shown)
    waiting.refresh_from_db()
    other.refresh_from_db()
    assert waiting.due_at is None, "what is not wanted any more is not sent"
    assert other.due_at
    back = {**CHOSEN, "portal-mine": "now", "email-mine": "now", "email-team": "daily"}
    client.post("/notices/preferences/save/", back)
    assert not Preference.objects.exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"hour": "24"}, "Choose an hour from 0 to 23."),
        ({"hour": "9" * 5000}, "Choose an hour from 0 to 23."),
        ({"zone": "Mars/Olympus"}, "Choose a time zone of the list."),
        ({"portal-mine": "daily"}, "“My own requests” cannot be had “daily” in the portal."),
        ({"email-mine": ""}, "cannot be had"),
    ],
)
def test_a_preference_that_is_none_is_refused_and_nothing_is_kept(
    people, client_of, change, sentence
):
    answer = client_of(people.alice).post("/notices/preferences/save/", {**CHOSEN, **change})
    assert answer.status_code == 422
    assert sentence in plain(answer.content.decode())
    assert not Preference.objects.exists()


def test_what_protects_an_account_cannot_be_switched_off(people, client_of):
    client = client_of(people.alice)
    client.post("/notices/preferences/save/", {**CHOSEN, "email-security": "off"})
    assert not Preference.objects.filter(topic="security").exists()
    text = page(client, "/notices/preferences/")
    assert "nobody can switch off what protects their account" in text
    assert "Builds that need the platform" not in text
    assert "Builds that need the platform" in page(client_of(people.petra), "/notices/preferences/")


def test_a_failed_delivery_is_tried_again_by_hand(people, client_of):
    now = timezone.now()
    row = Delivery.objects.create(
        person=people.alice, status="failed", due_at=now, attempts=9, trouble="No such address."
    )
    client = client_of(people.petra)
    assert "1 message could not be sent" in page(client, "/")
    text = page(client, "/notices/deliveries/")
    assert "No such address." in text
    client.post(f"/notices/deliveries/{row.pk}/retry/")
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("pending", 0)
    entry = AuditEntry.objects.get(subject=row.ref)
    assert (entry.actor_name, entry.verb) == ("Petra Novak", "pending")
    assert client.post(f"/notices/deliveries/{row.pk}/retry/").status_code == 409


def test_channels_in_teams_are_added_and_removed(people, client_of):
    client = client_of(people.petra)
    typed = {"name": "AI desk", "unit": "insurance", "webhook": "env:HOOK", "topics": ["decide"]}
    shown = client.post("/notices/channels/add/", typed, follow=True).content.decode()
    assert "AI desk is told from now on." in shown
    assert "Requests that wait for a decision" in shown
    row = TeamsChannel.objects.get()
    assert (row.business_unit.slug, row.topics) == ("insurance", ["decide"])
    assert AuditEntry.objects.get(subject=row.ref).after["webhook"] == "env:HOOK"
    client.post("/notices/channels/add/", {**typed, "unit": ""})
    assert TeamsChannel.objects.count() == 1, "its name is taken"
    client.post(f"/notices/channels/{row.pk}/remove/")
    row.refresh_from_db()
    assert not row.active
    assert client.post(f"/notices/channels/{row.pk}/remove/").status_code == 404


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": " "}, "Write the name of the channel."),
        ({"webhook": "https://x.logic.azure.com/?sig=1"}, "The address itself does not belong"),
        ({"unit": "mars"}, "Choose a business unit of the list, or all."),
        ({"topics": []}, "Choose at least one topic."),
        ({"topics": ["security"]}, "Choose at least one topic."),
    ],
)
def test_a_channel_that_is_none_is_refused(people, client_of, change, sentence):
    typed = {"name": "AI desk", "unit": "", "webhook": "env:HOOK", "topics": ["decide"], **change}
    shown = client_of(people.petra).post("/notices/channels/add/", typed, follow=True)
    assert sentence in shown.content.decode()
    assert not TeamsChannel.objects.exists()


def test_mail_that_is_down_is_said_with_how_much_and_since_when(people, client_of):
    client, since = client_of(people.petra), timezone.now() - timedelta(minutes=50)
    note(people.alice, "gathered by no worker", due_at=since)
    note(people.alice, "about to go", due_at=timezone.now())
    note(people.alice, "tomorrow", due_at=timezone.now() + timedelta(days=1))
    assert f"1 message cannot be sent, since {plain(formats.moment(since))}" in page(client, "/")
    assert "No worker has taken them. Everything else goes on." in page(client, "/")
    earlier = since - timedelta(minutes=5)
    Delivery.objects.create(
        person=people.bob, due_at=timezone.now(), since_at=earlier, trouble="It does not answer."
    )
    Delivery.objects.create(person=people.bob, due_at=timezone.now())
    home = page(client, "/")
    assert f"2 messages cannot be sent, since {plain(formats.moment(earlier))}" in home
    assert "It does not answer." in home
    log = page(client, "/notices/deliveries/?tab=waiting")
    assert "2 messages cannot be sent" in log
    assert "Nothing is lost meanwhile" in log
    assert "cannot be sent" not in page(client_of(people.jonas), "/"), "who cannot help"
