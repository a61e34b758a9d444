"""What people see of capacity: the grid, the effect of a yes, the tightest pools."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from django.db import connection
from django.template import engines
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.capacity import panels, selectors, services
from apps.capacity.models import Allowance, Pool, Subscription
from apps.catalog import selectors as catalog
from apps.teams.roles import Role
from tests.capacity.pools import (
    METER,
    PLACING,
    REGION,
    VERSION,
    Ask,
    accounts,
    claim,
    machines,
    pool,
    some_team,
    subscription,
)
from tests.teams.organisation import Organisation, person

pytestmark = pytest.mark.django_db


@dataclass
class Asked:
    ref: str

    @property
    def team(self):
        return some_team()


def draw(template, viewer, **context):
    request = RequestFactory().get("/")
    request.user = viewer
    return engines["django"].from_string(template).render(context, request)


@pytest.fixture
def alice():
    return person(Role.TEAM_LEAD, Organisation().claims)


GRID = '{% slot "model.grid" model="gpt-5.1" version="2025-11-13" %}'


def cells(viewer, tier=0):
    grid = panels.model_grid(viewer, model="gpt-5.1", version=VERSION)
    return {
        (region, cell.sku): cell
        for geography in grid["tiers"][tier]["geographies"]
        for region, cells in geography.rows
        for cell in cells
    }


def test_each_cell_has_one_of_five_answers(alice):
    pool(1000, used=600)
    pool(1000, region="francecentral", used=1000)
    pool(0, region="westeurope")
    pool(1000, region="uksouth")
    machines(250, region="uksouth")
    found = cells(alice)
    states = {region: found[region, "GlobalStandard"] for region, _ in found}
    assert (states[REGION].state, states[REGION].amount) == ("free", 400)
    assert (states["francecentral"].state, states["francecentral"].amount) == ("full", 0)
    assert states["westeurope"].state == "none"
    assert states["polandcentral"].state == "none"
    assert (states["uksouth"].state, states["uksouth"].amount) == ("less", 250)
    offers = catalog.availability("gpt-5.1", VERSION)
    assert {key for key, cell in found.items() if cell.state != "no"} == {
        (region, sku) for sku, region in offers
    }


def test_a_column_stands_only_where_its_type_is_offered(alice):
    pool(1000)
    grid = panels.model_grid(alice, model="gpt-5.1", version=VERSION)
    offers = catalog.availability("gpt-5.1", VERSION)
    for geography in grid["tiers"][0]["geographies"]:
        regions = {region for region, _ in geography.rows}
        offered = {sku for sku, region in offers if region in regions}
        assert {kind.sku for kind in geography.types} == offered
        assert all(len(cells) == len(geography.types) for _, cells in geography.rows)


def test_a_cell_links_to_the_prefilled_request(alice):
    pool(1000, used=600)
    html = draw(GRID, alice)
    query = f"?model=gpt-5.1&amp;version={VERSION}&amp;sku=GlobalStandard&amp;region={REGION}"
    assert f'href="/requests/new/model_deployment/{query}"' in html
    assert "no quota" in html
    assert html.index(">Europe<") < html.index(">Americas<")


def test_who_may_not_ask_gets_numbers_without_links():
    pool(1000, used=600)
    html = draw(GRID, person(Role.AUDITOR))
    assert "/requests/new/" not in html
    assert "400" in html


def test_a_retired_version_cannot_be_chosen(alice):
    pool(1000, meter="OpenAI.GlobalStandard.gpt-4.1")
    html = draw('{% slot "model.grid" model="gpt-4.1" version="2025-04-14" %}', alice)
    assert "/requests/new/" not in html
    assert "This version is retired" in html


def test_a_version_offered_nowhere_has_no_grid(alice):
    assert panels.model_grid(alice, model="gpt-5.1", version="1999-01-01") is None


def test_both_subscriptions_are_shown(alice):
    pool(1000)
    pool(50, tier="nonprod")
    assert cells(alice, tier=1)[REGION, "GlobalStandard"].amount == 50
    html = draw(GRID, alice)
    assert ">\n              Production" in html
    assert "Non-production" in html


def test_the_effect_of_a_yes(alice):
    pool(4000, used=1690)
    accounts()
    services.hold(Ask("request:1", [claim(910)], PLACING))
    services.hold(Ask("request:2", [claim(300)], PLACING))
    effect = panels.effect_of_a_yes(alice, request=Asked("request:2"))
    quota, slots = effect["effects"]
    assert (quota.before, quota.after, quota.amount, quota.limit) == (2600, 2900, 300, 4000)
    assert quota.detail.endswith("in Azure past the portal, 910 held by other requests")
    assert slots.label == "aoai-northwind-sdc-01, deployments"
    assert (slots.before, slots.after, slots.limit) == (1, 2, 32)
    assert slots.detail == "Shared account with 31 of 32 places free"
    html = draw('{% include "capacity/effect.html" %}', alice, **effect)
    assert "Effect of a yes" in html
    assert "url(#hatch)" in html
    services.commit(Ask("request:2"))
    assert panels.effect_of_a_yes(alice, request=Asked("request:2")) is None


def test_the_effect_has_the_allowances_of_unit_and_team(alice):
    one, team = pool(4000), some_team()
    Allowance.objects.create(pool=one, business_unit=team.business_unit, limit=1320)
    Allowance.objects.create(pool=one, team=team, limit=900)
    Allowance.objects.create(pool=pool(10, region="francecentral"), team=team, limit=1)
    services.hold(Ask("request:1", [claim(320)]))
    services.hold(Ask("request:2", [claim(300)]))
    quota, unit, own = panels.effect_of_a_yes(alice, request=Asked("request:2"))["effects"]
    assert (quota.before, quota.after, quota.limit) == (320, 620, 4000)
    assert unit.label == f"Allowance of {team.business_unit}"
    assert (unit.before, unit.after, unit.limit) == (320, 620, 1320)
    assert own.label == f"Allowance of {team}"
    assert (own.before, own.after, own.limit, own.unit) == (320, 620, 900, "K TPM")


def test_platform_admins_see_where_quota_runs_out_first(alice):
    petra = person(Role.PLATFORM_ADMIN)
    assert panels.tight_pools(alice) is None
    assert panels.tightest_figure(alice) is None
    assert panels.tightest_figure(petra) is None
    assert "nothing is tight" in draw('{% slot "home.side" %}', petra)
    pool(4000, used=2690)
    services.hold(Ask("request:1", [claim(910)]))
    petra = type(petra).objects.get(pk=petra.pk)  # the next request
    html = draw('{% slot "home.side" %}', petra)
    assert "gpt-5.1 Global Standard, swedencentral" in html
    assert "67\xa0% used or committed, 23\xa0% held" in html
    (kpi,) = panels.tightest_figure(petra)["kpis"]
    assert (kpi["value"], kpi["unit"]) == ("10", "%")


def free_now(viewer, *names, offers=()):
    rows = [
        SimpleNamespace(
            model=catalog.models()[name],
            version=(version := catalog.versions(name)[0]),
            offers=offers or catalog.availability(name, version.version),
        )
        for name in names
    ]
    with CaptureQueriesContext(connection) as asked, catalog.one_revision():
        found = panels.free_now(viewer, rows=rows)["cells"]
    assert len([q for q in asked if "capacity_" in q["sql"]]) == 2
    return [found.get(name) for name in names]


def test_the_list_says_what_one_region_has_left(alice):
    pool(1000, used=600)
    pool(1000, region="francecentral", used=1000)
    pool(1000, region="uksouth")
    machines(250, region="uksouth")
    pool(9000, region=REGION, meter="OpenAI.GlobalProvisionedManaged")
    pool(9000, region=REGION, tier="nonprod")
    pool(0, region=REGION, meter="OpenAI.GlobalStandard.gpt-5-mini")
    pool(500, region=REGION, meter="OpenAI.GlobalStandard.gpt-5-nano", used=500)
    found = free_now(alice, "gpt-5.1", "gpt-5-mini", "gpt-5-nano")
    assert found == [
        panels.FreeNow(400, 2, has_quota=True),
        panels.FreeNow(0, 0, has_quota=False),
        panels.FreeNow(0, 0, has_quota=True),
    ]
    (only_uk,) = free_now(alice, "gpt-5.1", offers=[("GlobalStandard", "uksouth")])
    assert only_uk == panels.FreeNow(250, 1, has_quota=True)


def test_the_list_s_page_shows_it(people, client_of):
    pool(1000, used=600)
    pool(500, meter="OpenAI.GlobalStandard.gpt-5-nano", used=500)
    page = client_of(people.alice).get("/catalogue/?life=all").content.decode()
    cell = {
        name: html.split("Free now, K TPM")[1].split("</td>")[0]
        for html in page.split("<tr>")
        if (name := html.partition("/catalogue/models/")[2].partition("/")[0])
        and "Free now, K TPM" in html
    }
    assert "400" in cell["gpt-5.1"]
    assert "1\xa0region" in cell["gpt-5.1"]
    assert "all promised" in cell["gpt-5-nano"]
    assert "no quota" in cell["gpt-5"]
    assert "–" in cell["gpt-4.1"]  # retired


@pytest.mark.parametrize("count", [10, 100])
def test_the_grid_asks_as_often_for_many_pools(alice, django_assert_max_num_queries, count):
    regions = [*catalog.regions()]
    for number in range(count):
        meter = METER if number < len(regions) else f"OpenAI.Standard.m{number}"
        pool(100, region=regions[number % len(regions)], meter=meter)
    assert Pool.objects.count() == count
    with catalog.one_revision(), django_assert_max_num_queries(5):
        panels.model_grid(alice, model="gpt-5.1", version=VERSION)


def test_numbers_are_as_old_as_the_oldest_reading():
    assert selectors.last_synced_at() is None
    now = timezone.now()
    Subscription.objects.filter(pk=subscription("prod").pk).update(synced_at=now)
    assert selectors.last_synced_at() == now
    subscription("nonprod")
    assert selectors.last_synced_at() is None, "one was never read"
