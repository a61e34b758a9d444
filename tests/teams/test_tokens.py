"""API tokens: shown once, kept as a hash, with the rights their person has now."""

import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from apps.kernel.errors import ConflictError, InvalidError, NotFoundError
from apps.kernel.models import AuditEntry
from apps.teams import services
from apps.teams.models import ApiToken, Membership

pytestmark = pytest.mark.django_db


def made(person, **more):
    asked = {"name": "nightly", "days": 30, "reads_only": True, **more}
    return services.make_token(**asked, by=person)


def call(token, path="/api/requests/", **more):
    return Client().get(path, headers={"authorization": f"Bearer {token}"}, **more)


def test_a_token_reads_what_its_person_reads(people):
    row, token = made(people.alice)
    answer = call(token)
    assert answer.status_code == 200
    row.refresh_from_db()
    assert timezone.now() - row.used_at < timedelta(minutes=1)
    assert call(made(people.charlie)[1]).json()["results"] == []


def test_only_a_hash_is_kept_and_nothing_secret_is_recorded(people):
    row, token = made(people.alice)
    secret = token.removeprefix(f"{row.prefix}_")
    assert len(secret) >= 43
    kept = [str(value) for value in ApiToken.objects.values_list().get(pk=row.pk)]
    told = [str(value) for entry in AuditEntry.objects.values() for value in entry.values()]
    assert not any(secret in text for text in kept + told)
    assert AuditEntry.objects.filter(subject=row.ref, verb="made an API token").exists()


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer aip_",
        "Bearer aip_00000000_nothing",
        "Bearer one two",
        "Bearer \u00fc",
        "Bearer " + "x" * 5000,
    ],
)
def test_what_is_no_token_is_401_and_says_how_to_get_one(db, header):
    answer = Client().get("/api/requests/", headers={"authorization": header})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="portal"'
    assert "Make a new one" in answer.json()["detail"]


def test_an_ended_or_expired_token_or_a_closed_account_is_401(people):
    ended, token = made(people.alice)
    services.end_token(pk=ended.pk, by=people.alice)
    services.end_token(pk=ended.pk, by=people.alice)  # again: nothing changes
    assert call(token).status_code == 401
    old, token = made(people.alice)
    ApiToken.objects.filter(pk=old.pk).update(
        made_at=timezone.now() - timedelta(days=2), expires_at=timezone.now() - timedelta(days=1)
    )
    assert call(token).status_code == 401
    _, token = made(people.bob)
    assert call(token).status_code == 200
    services.deactivate(person=people.bob)
    assert call(token).status_code == 401


def test_rights_are_those_of_the_moment(people):
    _, token = made(people.alice, reads_only=False)
    body = {"kind": "model_deployment", "payload": {}}

    def post():
        return Client().post(
            "/api/requests/",
            body,
            content_type="application/json",
            headers={"authorization": f"Bearer {token}"},
        )

    assert post().status_code == 201
    Membership.objects.filter(person=people.alice).delete()
    assert post().status_code == 403


def test_a_token_that_only_reads_changes_nothing(people):
    _, token = made(people.alice)
    answer = Client().post(
        "/api/requests/",
        {"kind": "model_deployment", "payload": {}},
        content_type="application/json",
        headers={"authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 403
    assert "only reads" in answer.json()["detail"]


def test_a_token_opens_no_page(people):
    _, token = made(people.alice)
    assert call(token, "/requests/").status_code == 302


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"days": 0}, "days"),
        ({"days": 366}, "days"),
    ],
)
def test_bad_wishes_are_refused_with_a_sentence(people, asked, field):
    with pytest.raises(InvalidError) as refused:
        made(people.alice, **asked)
    assert set(refused.value.fields) == {field}
    assert not ApiToken.objects.exists()


def test_names_are_one_each_and_there_are_at_most_twenty(people):
    made(people.alice)
    with pytest.raises(InvalidError, match="already"):
        made(people.alice, name="  nightly ")
    with pytest.raises(IntegrityError), transaction.atomic():
        row = ApiToken.objects.get()
        row.pk, row.prefix, row.sha256 = None, "aip_x", "x"
        row.save(force_insert=True)
    made(people.bob)
    for number in range(19):
        made(people.alice, name=str(number))
    with pytest.raises(ConflictError, match="20 tokens"):
        made(people.alice, name="one more")


def test_nobody_ends_anothers_token(people):
    row, token = made(people.alice)
    with pytest.raises(NotFoundError):
        services.end_token(pk=row.pk, by=people.petra)
    assert call(token).status_code == 200


def test_the_page_shows_a_token_once(people, client_of):
    client = client_of(people.alice)
    assert "You have no token" in client.get("/account/tokens/").content.decode()
    answer = client.post("/account/tokens/new/", {"name": "ci", "days": "7", "may": "write"})
    (token,) = set(re.findall(r"aip_[0-9a-f]{8}_[\w-]{43}", answer.content.decode()))
    assert "no-store" in answer["Cache-Control"]
    row = ApiToken.objects.get()
    assert not row.reads_only
    page = client.get("/account/tokens/").content.decode()
    assert row.prefix in page
    assert token not in page
    bad = client.post("/account/tokens/new/", {"name": "ci", "days": "soon", "may": "read"})
    assert bad.status_code == 422
    assert "from 1 to 365 days" in bad.content.decode()
    assert 'value="soon"' in bad.content.decode()
    assert client.post(f"/account/tokens/{row.pk}/end/").status_code == 302
    assert call(token).status_code == 401
