"""A pool is split between units and teams, and no level is promised beyond what it has."""

from dataclasses import replace

import pytest

from apps.capacity import selectors, services
from apps.capacity.models import Allowance, Commitment, Hold, Pool
from apps.kernel import events
from apps.kernel.errors import ConflictError, NotAllowedError, NotFoundError
from apps.kernel.formats import number
from apps.kernel.models import AuditEntry
from apps.teams import services as teams
from apps.teams.events import TeamMoved
from apps.teams.roles import Role
from tests.capacity.pools import METER, REGION, Ask, accounts, claim, pool, promised
from tests.teams.organisation import Organisation, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def northwind():
    return Organisation()


@pytest.fixture
def admin():
    return person(Role.PLATFORM_ADMIN)


@pytest.fixture
def allow(admin):
    def allow(one, owner, limit, **more):
        services.set_allowance(pool_id=one.pk, owner=owner, limit=limit, by=admin, **more)

    return allow


def hold(number, amount, team, **more):
    ask = Ask(f"request:{number}", [claim(amount)], why=f"REQ-{number}: gpt-5.1", team=team, **more)
    services.hold(ask)
    return ask


def refused(act, *args, **more):
    with pytest.raises(ConflictError) as caught:
        act(*args, **more)
    return caught.value.message.replace("\xa0", " ")


def limits(one):
    return {
        str(row.team or row.business_unit): row.limit for row in Allowance.objects.filter(pool=one)
    }


@pytest.mark.parametrize(
    ("unit", "team", "others", "left"),
    [
        (None, None, 0, 1000),
        (None, 300, 0, 300),
        (500, None, 0, 500),
        (500, 300, 0, 300),
        (500, 300, 400, 100),  # the unit's other team has taken most of the unit's
        (500, None, 500, 0),
        (0, None, 0, 0),
    ],
)
def test_a_team_gets_what_the_tightest_level_has(northwind, allow, unit, team, others, left):
    one = pool(1000)
    if unit is not None:
        allow(one, northwind.insurance, unit)
    if team is not None:
        allow(one, northwind.claims, team)
    if others:
        hold(1, others, northwind.underwriting)
    hold(2, 50, northwind.fraud)
    free = selectors.frees(Pool.objects.all())
    expected = min(left, 1000 - others - 50)
    assert selectors.left_of(free, northwind.claims) == {one.pk: expected}
    if expected:
        hold(3, expected, northwind.claims)
    refused(hold, 4, 1, northwind.claims)
    assert promised(one) == 50 + others + expected


def test_the_refusal_names_the_level_what_is_left_and_what_would_pass(northwind, allow):
    one = pool(1000)
    pool(900, region="francecentral")
    allow(one, northwind.insurance, 500)
    allow(one, northwind.claims, 300)
    hold(1, 400, northwind.underwriting)
    said = refused(hold, 2, 200, northwind.claims)
    assert said.startswith(
        "200 K TPM of gpt-5.1 Global Standard in swedencentral are more than the allowance of "
        "Insurance has left: 100 K TPM of 500, as set "
    )
    assert said.endswith(
        "Ask for 100 K TPM or less. A platform admin can raise the allowance. "
        "francecentral has 900 K TPM free."
    )
    services.release(Ask("request:1"))
    hold(3, 250, northwind.claims)
    said = refused(hold, 4, 100, northwind.claims)
    assert "more than the allowance of Claims has left: 50 K TPM of 300" in said


def test_another_region_is_named_only_with_what_the_team_may_have_there(northwind, allow):
    pool(100)
    france = pool(900, region="francecentral")
    allow(france, northwind.claims, 150)
    assert "No other region has room" in refused(hold, 1, 200, northwind.claims)
    assert "francecentral has 900 K TPM free." in refused(hold, 2, 200, northwind.fraud)


def test_only_platform_admins_set_allowances(northwind):
    one = pool(1000)
    for somebody in (person(Role.TEAM_LEAD, northwind.claims), person(Role.FINANCE)):
        with pytest.raises(NotAllowedError):
            services.set_allowance(pool_id=one.pk, owner=northwind.claims, limit=5, by=somebody)
    assert not Allowance.objects.exists()


def test_an_allowance_leaves_a_trace_and_goes_away(northwind, allow, admin):
    one = pool(1000)
    allow(one, northwind.claims, 300)
    allow(one, northwind.claims, 400)
    allow(one, northwind.claims, None)
    assert limits(one) == {}
    told = AuditEntry.objects.filter(subject=f"pool:{one.pk}").order_by("id")
    assert [(e.verb, e.before, e.after, e.scope, e.actor) for e in told] == [
        (
            "set an allowance",
            {},
            {"allowance": "300\xa0K\xa0TPM"},
            northwind.claims.scope,
            admin.ref,
        ),
        (
            "set an allowance",
            {"allowance": "300\xa0K\xa0TPM"},
            {"allowance": "400\xa0K\xa0TPM"},
            northwind.claims.scope,
            admin.ref,
        ),
        (
            "took an allowance away",
            {"allowance": "400\xa0K\xa0TPM"},
            {},
            northwind.claims.scope,
            admin.ref,
        ),
    ]


def test_less_than_is_promised_is_refused_with_the_holders(northwind, allow):
    one = pool(1000)
    hold(41, 200, northwind.claims)
    hold(42, 100, northwind.claims)
    hold(43, 50, northwind.underwriting)
    said = refused(allow, one, northwind.claims, 299)
    assert said == (
        "Claims was promised 300 K TPM of gpt-5.1 Global Standard in swedencentral already, so its "
        "allowance cannot be 299 K TPM. They are held by: REQ-41: gpt-5.1, 200 K TPM; "
        "REQ-42: gpt-5.1, 100 K TPM. 300 K TPM or more would pass."
    )
    assert "REQ-43" in refused(allow, one, northwind.insurance, 349)
    for number_ in range(50, 60):
        hold(number_, 1, northwind.claims)
    assert "; and 7 more." in refused(allow, one, northwind.claims, 0)
    allow(one, northwind.claims, 310)
    services.release(Ask("request:41"))
    allow(one, northwind.claims, 110)
    assert limits(one) == {"Claims": 110}


def test_teams_stay_within_their_unit(northwind, allow):
    one = pool(1000)
    allow(one, northwind.insurance, 500)
    allow(one, northwind.claims, 300)
    said = refused(allow, one, northwind.underwriting, 201)
    assert "200 K TPM or less would pass, or a higher allowance of Insurance first." in said
    assert "have allowances of 300 K TPM" in refused(allow, one, northwind.insurance, 299)
    allow(one, northwind.underwriting, 200)
    assert "0 K TPM or less would pass" in refused(allow, one, northwind.claims, 301)
    allow(one, northwind.claims, 250)
    assert limits(one) == {"Insurance": 500, "Claims": 250, "Underwriting": 200}


def test_more_than_the_pool_has_to_be_meant(northwind, allow):
    one = pool(1000)
    allow(one, northwind.insurance, 600)
    allow(one, northwind.fraud, 300)  # its unit has none, so it counts against the pool
    said = refused(allow, one, northwind.retail, 401)
    assert f"{number(1001)} K TPM of".replace("\xa0", " ") in said
    assert "400 K TPM or less would pass" in said
    allow(one, northwind.retail, 401, over_commit=True)
    assert Allowance.objects.get(business_unit=northwind.retail).over_commit
    allow(one, northwind.fraud, 350)  # within its unit now
    assert "would be allowed" in refused(allow, one, northwind.insurance, 700)
    allow(one, northwind.insurance, 599)  # less is never refused for the sum


def test_taking_a_unit_s_away_lets_its_teams_count_against_the_pool(northwind, allow):
    one = pool(1000)
    allow(one, northwind.retail, 700)
    allow(one, northwind.insurance, 300)
    allow(one, northwind.claims, 300)
    allow(one, northwind.insurance, None)
    assert limits(one) == {"Retail": 700, "Claims": 300}
    Pool.objects.update(limit=900)  # Azure took some back
    allow(one, northwind.retail, 650)
    assert "650 K TPM or less" not in refused(allow, one, northwind.retail, 651)


def test_accounts_and_strange_pools_are_not_split(northwind, admin):
    one = accounts()
    assert "nothing to split" in refused(
        services.set_allowance, pool_id=one.pk, owner=northwind.claims, limit=1, by=admin
    )
    with pytest.raises(NotFoundError):
        services.set_allowance(pool_id=999, owner=northwind.claims, limit=1, by=admin)


def test_a_team_takes_its_promises_to_another_unit(northwind, allow, admin):
    one = pool(1000)
    allow(one, northwind.insurance, 500)
    allow(one, northwind.retail, 400)
    allow(one, northwind.claims, 250)
    ask = hold(1, 200, northwind.claims)
    services.commit(replace(ask, expected_nano=7))
    hold(2, 150, northwind.fraud)
    teams.move_team(team=northwind.claims, to=northwind.retail, by=admin)
    assert "more than the allowance of Retail has left: 50 K TPM of 400" in refused(
        hold, 3, 51, northwind.fraud
    )
    hold(4, 500, northwind.underwriting)
    old, new = Commitment.objects.order_by("pk")
    assert (old.business_unit, old.to_on is not None) == (northwind.insurance, True)
    assert (new.business_unit, new.to_on, new.list_cost_nano) == (northwind.retail, None, 7)


def test_capacity_is_asked_before_a_team_moves():
    assert services.refuse_move in events.GUARDS[TeamMoved]
    assert services.follow_team in events.LISTENERS[TeamMoved]


def test_a_move_is_refused_where_the_new_unit_has_no_room(northwind, allow, admin):
    one = pool(1000)
    allow(one, northwind.retail, 300)
    hold(1, 200, northwind.claims)
    hold(2, 150, northwind.fraud)
    said = refused(teams.move_team, team=northwind.claims, to=northwind.retail, by=admin)
    assert said == (
        "Claims takes along what it was promised, and Retail has no room for it. "
        "gpt-5.1 Global Standard in swedencentral: it would have 350 K TPM of an allowance of 300; "
        "raise that to 350 first."
    )
    northwind.claims.refresh_from_db()
    assert northwind.claims.business_unit == northwind.insurance
    allow(one, northwind.retail, 350)
    teams.move_team(team=northwind.claims, to=northwind.retail, by=admin)


def test_a_move_is_refused_where_allowances_would_not_add_up(northwind, allow, admin):
    one = pool(1000)
    allow(one, northwind.insurance, 500)
    allow(one, northwind.claims, 400)
    allow(one, northwind.retail, 500)
    allow(one, northwind.fraud, 200)
    said = refused(teams.move_team, team=northwind.claims, to=northwind.retail, by=admin)
    assert "it would have 600 K TPM of an allowance of 500" in said
    allow(one, northwind.fraud, None)
    allow(one, northwind.retail, None)
    allow(one, northwind.retail, 500)
    allow(one, northwind.retail, None)
    allow(one, northwind.underwriting, 100)
    allow(one, northwind.fraud, 500)
    said = refused(teams.move_team, team=northwind.claims, to=northwind.retail, by=admin)
    assert "lower the allowance of Claims by 400 first." in said


def test_many_pools_cost_two_queries(northwind, allow, django_assert_num_queries):
    for region in ("swedencentral", "francecentral", "uksouth"):
        one = pool(100, region=region)
        allow(one, northwind.insurance, 50)
        services.hold(
            Ask(f"request:{region}", [claim(20, region=region)], team=northwind.underwriting)
        )
    free = selectors.frees(Pool.objects.all())
    with django_assert_num_queries(2):
        assert set(selectors.left_of(free, northwind.claims).values()) == {30}
    assert Hold.objects.filter(team=northwind.underwriting).count() == 3
    assert selectors.free(tier="prod", region=REGION, meter=METER).free == 80
