"""The pages of pools: everybody sees what is free, only some see who took the rest."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.capacity import services
from apps.capacity.models import Allowance, Finding, Hold, Pool
from apps.capacity.selectors import holders
from apps.catalog import selectors as catalog
from apps.kernel import formats
from apps.teams.models import BusinessUnit, Team
from tests.capacity.pools import Ask, accounts, claim, machines, pool

pytestmark = pytest.mark.django_db
TEAMS = ("claims", "underwriting", "fraud")


def plain(response):
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", text.replace("\xa0", " "))


@pytest.fixture
def used(people):
    """Claims has 300 built, Underwriting 200 approved, Fraud 100 held; 50 are foreign."""
    one = pool(1000, used=350)
    for number, (slug, amount) in enumerate(zip(TEAMS, (300, 200, 100), strict=True), 1):
        team = Team.objects.get(slug=slug)
        ask = Ask(
            f"request:{number}",
            [claim(amount)],
            why=f"REQ-{number}: gpt-5.1 for {slug}",
            team=team,
            expected_nano=None if slug == "claims" else 2_000_000_000,
        )
        services.hold(ask)
        until = timezone.now() + timedelta(days=3) if slug == "fraud" else None
        services.keep_until(subject=ask.subject, until_at=until)
        if slug != "fraud":
            services.commit(ask)
        if slug == "claims":
            services.mark_built(ask)
    Pool.objects.filter(pk=one.pk).update(synced_at=timezone.now())
    return one


def page(client_of, person, one):
    return client_of(person).get(reverse("capacity_pool", args=[one.pk]))


def test_the_list_shows_every_part_of_a_pool(people, client_of, used):
    text = plain(client_of(people.alice).get("/capacity/"))
    assert "gpt-5.1 Global Standard swedencentral" in text
    assert "K TPM 1 000 300 50 200 100 350" in text, "limit, built, foreign, approved, held, free"
    html = client_of(people.alice).get("/capacity/").content.decode()
    assert (
        'aria-label="300 built, 50 past the portal, 200 approved, not built yet, '
        '100 held by open requests, 350 of 1\xa0000 K TPM free"'
    ) in html


def test_without_pools_and_without_hits_the_list_says_what_to_do(people, client_of):
    client = client_of(people.alice)
    assert "No limits are known yet" in plain(client.get("/capacity/"))
    pool(0)
    assert "No limits are known yet" in plain(client.get("/capacity/"))
    assert "no quota" in plain(client.get("/capacity/?show=all"))
    assert "No pool fits these filters" in plain(client.get("/capacity/?text=moon"))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"a", "b", "c", "d"}),
        ("?region=francecentral", {"b"}),
        ("?tier=nonprod", {"c"}),
        ("?unit=PTU", {"d"}),
        ("?show=used", {"a"}),
        ("?show=all", {"a", "b", "c", "d", "e"}),
        ("?text=GlobalStandard+mini", {"b"}),
        ("?region=moon", set()),
        ("?unit=moon&tier=moon&show=moon", {"a", "b", "c", "d"}),
    ],
)
def test_filters(people, client_of, query, expected):
    rows = {
        "a": pool(10, used=1),
        "b": pool(10, region="francecentral", meter="OpenAI.GlobalStandard.gpt-5-mini"),
        "c": pool(10, tier="nonprod"),
        "d": pool(10, meter="OpenAI.GlobalProvisionedManaged"),
        "e": pool(0, meter="OpenAI.Standard.gone"),
    }
    Pool.objects.filter(pk=rows["d"].pk).update(unit="PTU")
    html = client_of(people.alice).get(f"/capacity/{query}").content.decode()
    shown = {int(pk) for pk in re.findall(r"/capacity/pools/(\d+)/", html)}
    assert {name for name, one in rows.items() if one.pk in shown} == expected


def test_pages_follow_each_other_and_the_file_has_all(people, client_of):
    for number in range(60):
        pool(10, meter=f"OpenAI.Standard.m{number:02}")
    client, url, seen = client_of(people.alice), "/capacity/", []
    while url:
        html = client.get(url).content.decode()
        seen += re.findall(r"/capacity/pools/(\d+)/", html)
        older = re.search(r'href="(\?cursor=[^"]+)"[^>]*rel="next"', html)
        url = older and f"/capacity/{older[1]}"
    assert len(seen) == len(set(seen)) == 60
    lines = b"".join(client.get("/capacity/?format=csv").streaming_content).decode().splitlines()
    assert len(lines) == 61
    assert lines[0].startswith("subscription,region,meter,pool,unit,limit")
    assert client.get("/capacity/?cursor=bent").status_code == 400


def test_a_platform_admin_sees_who_holds_what_until_when(people, client_of, used):
    text = plain(page(client_of, people.petra, used))
    for said in (
        "REQ-1 gpt-5.1 for claims Claims Automation 300 Built since today",
        "REQ-2 gpt-5.1 for underwriting Underwriting 200 Committed",
        "REQ-3 gpt-5.1 for fraud Fraud Lab 100 Held",
    ):
        assert said in text
    assert "Free to promise 350 K TPM 35 % of the limit" in text
    assert 'href="/requests/1/"' in page(client_of, people.petra, used).content.decode()


def test_the_head_says_what_comes_with_the_limit_and_how_it_grows(people, client_of, used):
    text = plain(page(client_of, people.petra, used))
    per_minute = formats.number(
        catalog.requests_per_minute(model="gpt-5.1", sku="GlobalStandard", k_tpm=1000)
    )
    assert f"with {per_minute} requests / min".replace("\xa0", " ") in text
    assert "Request quota for OpenAI.GlobalStandard.gpt-5.1 ; now it is 1 000 K TPM" in text
    assert "choose the production subscription and swedencentral" in text
    assert "How does the limit grow" not in plain(page(client_of, people.alice, used))
    accounts_page = plain(page(client_of, people.petra, accounts()))
    assert "Ask Microsoft’s support" in accounts_page
    vcpus = pool(80, meter="GPU.standardNCADSH100v5Family")
    Pool.objects.filter(pk=vcpus.pk).update(unit="vCPU")
    assert "open Quotas, Machine learning" in plain(page(client_of, people.petra, vcpus))


def test_a_lead_sees_the_own_team_and_no_name_of_others(people, client_of, used):
    text = plain(page(client_of, people.alice, used))
    assert "REQ-1 gpt-5.1 for claims Claims Automation 300 Built" in text
    assert "Others – 300" in text
    assert "Free to promise 350 K TPM" in text
    assert "Insurance no allowance of its own – 500" in text
    assert "Other teams no allowance of its own – 200" in text
    assert "Other business units no allowance of its own – 100" in text
    for hidden in ("REQ-2", "REQ-3", "Underwriting", "Fraud", "Retail", "What was made past"):
        assert hidden not in text, hidden


def test_an_admin_sets_changes_and_takes_away_an_allowance(people, client_of, used):
    client = client_of(people.petra)
    url = reverse("capacity_allowance", args=[used.pk])
    unit = BusinessUnit.objects.get(name="Insurance")
    sent = client.post(url, {"owner": f"unit:{unit.pk}", "limit": "6 00"}, follow=True)
    assert "The allowance of Insurance is 6 00 from now on." in plain(sent)
    text = plain(sent)
    assert "Insurance 600 500 100" in text
    assert "set an allowance" in text
    client.post(url, {"owner": f"unit:{unit.pk}", "limit": "", "over_commit": ""})
    assert not Allowance.objects.exists()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"owner": "unit:{unit}", "limit": "499"}, 409),  # 500 are promised
        ({"owner": "unit:{unit}", "limit": "five"}, 409),
        ({"owner": "unit:{unit}", "limit": "-5"}, 409),
        ({"owner": "unit:{unit}", "limit": "1" * 13}, 409),
        ({"owner": "unit:{unit}", "limit": "1001"}, 409),
        ({"owner": "unit:{unit}", "limit": "1001", "over_commit": "yes"}, 302),
        ({"owner": "moon:1", "limit": "5"}, 409),
        ({"owner": "team:99999", "limit": "5"}, 409),
        ({"owner": "team:1e9", "limit": "5"}, 409),
        ({}, 409),
    ],
)
def test_what_an_allowance_refuses(people, client_of, used, sent, status):
    unit = BusinessUnit.objects.get(name="Insurance").pk
    body = {name: value.format(unit=unit) for name, value in sent.items()}
    url = reverse("capacity_allowance", args=[used.pk])
    assert client_of(people.petra).post(url, body).status_code == status
    assert Allowance.objects.exists() == (status == 302)


def test_a_finding_is_explained_adopted_and_dropped_on_the_page(people, client_of, used):
    now = timezone.now()
    found = Finding.objects.create(
        pool=used,
        amount=50,
        deployments=[{"name": "test-joe", "account": "aoai-1", "amount": 50}],
        first_seen_at=now,
        seen_at=now,
    )
    client = client_of(people.petra)
    assert "perhaps test-joe (50) on aoai-1" in plain(page(client_of, people.petra, used))
    assert "Azure counts 50 K TPM more than was built" in plain(client.get("/capacity/"))
    assert "Azure counts 50" not in plain(client_of(people.alice).get("/capacity/"))
    note = "test-joe, made by hand"
    explain = client.post(reverse("finding_explain", args=[found.pk]), {"note": note}, follow=True)
    assert "test-joe, made by hand Petra Novak 50" in plain(explain)
    team = Team.objects.get(slug="claims")
    adopt = reverse("finding_adopt", args=[found.pk])
    assert client.post(adopt, {"team": "unit:1", "amount": "50", "note": note}).status_code == 409
    sent = client.post(
        adopt, {"team": f"team:{team.pk}", "amount": "40", "note": note}, follow=True
    )
    text = plain(sent)
    assert "Made past the portal test-joe, made by hand Claims Automation 40 Built" in text
    assert "Nobody has said it yet 10" in text
    client.post(reverse("finding_drop", args=[found.pk]), {"note": "Joe deleted it today"})
    assert not Hold.objects.filter(subject=found.ref).exclude(status="released").exists()


def test_machines_are_an_answer_of_their_own(people, client_of, used):
    machines(120)
    assert "gpt-5.1 2025-11-13 120" in plain(page(client_of, people.alice, used))


def test_accounts_have_a_page_without_allowances(people, client_of):
    one = accounts()
    text = plain(page(client_of, people.petra, one))
    assert "Accounts, swedencentral" in text
    assert "Who may have how much" not in text


def test_a_place_on_an_account_has_no_page(people, client_of, used):
    slots = Pool.objects.create(
        subscription=used.subscription,
        region="swedencentral",
        meter="deployments",
        placement=used.subscription.placements.create(
            region="swedencentral", name="a", resource_group="g"
        ),
        limit=32,
        unit="deployments",
        synced_at=timezone.now(),
    )
    assert page(client_of, people.petra, slots).status_code == 404


def test_units_are_shown_what_they_are_committed_to(people, client_of, used):
    text = plain(client_of(people.fiona).get("/capacity/"))
    assert "Insurance 2 1 2.00" in text
    mine = plain(client_of(people.alice).get("/capacity/"))
    assert "Insurance 1 1 –" in mine, "her own team’s alone; what nobody knows is not 0"
    other = plain(client_of(people.charlie).get("/capacity/"))
    assert "committed to a month" not in other, "what is held costs nothing yet"


def test_commitments_are_added_up_where_they_are_stored(people, used):
    with CaptureQueriesContext(connection) as queries:
        units = holders.committed(people.fiona)
    found = [(one.list_cost_nano, one.count, one.unknown) for one in units]
    assert found == [(2_000_000_000, 2, 1)]
    (asked,) = [query["sql"] for query in queries if 'FROM "capacity_commitment"' in query["sql"]]
    assert "SUM(" in asked
    assert "GROUP BY" in asked
