"""Exactly as much is promised as there is, whoever asks at the same moment."""

import random
from collections import Counter
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from apps.capacity import services
from apps.capacity.collectors import write
from apps.capacity.models import Allowance, Hold, Placement, Pool, RealCapacity
from apps.capacity.protocols import ACCOUNTS
from apps.cloud.client import ModelCapacity, Usage
from apps.kernel.errors import ConflictError
from apps.teams.roles import Role
from apps.teams.services import move_team
from tests.capacity.pools import (
    METER,
    PLACING,
    REGION,
    Ask,
    accounts,
    claim,
    pool,
    promised,
    subscription,
)
from tests.race import at_once
from tests.teams.organisation import Organisation, person

pytestmark = pytest.mark.django_db(transaction=True)


def hold(number, *claims, placing=None):
    return partial(services.hold, Ask(f"request:{number}", list(claims), placing))


def split(outcomes):
    """Count what passed and what was refused; anything else is a failure."""
    others = [o for o in outcomes if o is not None and not isinstance(o, ConflictError)]
    assert not others
    return outcomes.count(None), len(outcomes) - outcomes.count(None)


def test_fifty_ask_for_the_last_ten():
    one = pool(1000, used=990)
    outcomes = at_once([hold(n, claim(1)) for n in range(50)])
    assert split(outcomes) == (10, 40)
    assert promised(one) == 10
    assert Hold.objects.count() == 10


def test_mixed_amounts_fill_the_pool_and_never_more():
    one, amounts = pool(40), [random.Random(7).randint(1, 9) for _ in range(50)]  # noqa: S311
    outcomes = at_once([hold(n, claim(amount)) for n, amount in enumerate(amounts)])
    split(outcomes)
    granted = [a for a, o in zip(amounts, outcomes, strict=True) if o is None]
    refused = [a for a, o in zip(amounts, outcomes, strict=True) if o is not None]
    assert promised(one) == sum(granted) <= 40
    assert all(amount > 40 - sum(granted) for amount in refused), "none was refused that fits"


def test_fifty_racers_under_allowances_get_exactly_what_fits():
    """Pool 60; Insurance 40, of it Claims 15; Retail none: every mix ends at a full level."""
    northwind, one = Organisation(), pool(60)
    admin, dice = person(Role.PLATFORM_ADMIN), random.Random(11)  # noqa: S311
    services.set_allowance(pool_id=one.pk, owner=northwind.insurance, limit=40, by=admin)
    services.set_allowance(pool_id=one.pk, owner=northwind.claims, limit=15, by=admin)
    teams = (northwind.claims, northwind.underwriting, northwind.fraud)
    asks = [Ask(f"request:{n}", [claim(dice.randint(1, 6))], team=teams[n % 3]) for n in range(50)]
    outcomes = at_once([partial(services.hold, ask) for ask in asks])
    split(outcomes)
    granted = Counter()
    for ask, outcome in zip(asks, outcomes, strict=True):
        granted[ask.team] += ask.claims[0].amount if outcome is None else 0
    unit = granted[northwind.claims] + granted[northwind.underwriting]
    left = {
        northwind.claims: min(15 - granted[northwind.claims], 40 - unit),
        northwind.underwriting: 40 - unit,
        northwind.fraud: 60,
    }
    assert min(left.values()) >= 0
    assert sum(granted.values()) == promised(one) <= 60
    for ask, outcome in zip(asks, outcomes, strict=True):
        room = min(left[ask.team], 60 - promised(one))
        assert outcome is None or ask.claims[0].amount > room, "none was refused that fits"


def test_an_allowance_that_sinks_meanwhile_is_never_below_what_is_promised():
    northwind, one = Organisation(), pool(1000)
    admin = person(Role.PLATFORM_ADMIN)

    def sink(limit):
        services.set_allowance(pool_id=one.pk, owner=northwind.claims, limit=limit, by=admin)

    sink(50)
    holds = [
        partial(services.hold, Ask(f"request:{n}", [claim(1)], team=northwind.claims))
        for n in range(40)
    ]
    split(at_once([*holds, *(partial(sink, limit) for limit in range(30, 40))]))
    assert promised(one) <= Allowance.objects.get().limit


def test_a_team_that_moves_while_it_asks_counts_in_one_unit_only():
    northwind, one = Organisation(), pool(1000)
    admin = person(Role.PLATFORM_ADMIN)
    for unit in (northwind.insurance, northwind.retail):
        services.set_allowance(pool_id=one.pk, owner=unit, limit=20, by=admin)
    services.hold(Ask("request:99", [claim(10)], team=northwind.fraud))
    holds = [
        partial(services.hold, Ask(f"request:{n}", [claim(1)], team=northwind.claims))
        for n in range(30)
    ]
    move = partial(move_team, team=northwind.claims, to=northwind.retail, by=admin)
    *_, moved = outcomes = at_once([*holds, move])
    split(outcomes)
    got = promised(one) - 10
    assert got == (10 if moved is None else 20)


def test_a_change_and_strangers_never_take_more_than_there_is():
    one = pool(100)
    built = Ask("request:0", [claim(60)])
    for act in (services.hold, services.commit, services.mark_built):
        act(built)
    change = Ask("request:1", [claim(80)], instead_of="request:0")
    services.hold(change)
    services.commit(change)
    outcomes = at_once(
        [partial(services.mark_built, change), *(hold(n, claim(3)) for n in range(10, 40))]
    )
    passed, _ = split(outcomes)
    assert outcomes[0] is None
    assert passed == 1 + 6
    assert promised(one) == 80 + 18


def test_two_pools_in_either_order_never_wait_for_each_other():
    first, second = pool(1000), pool(15, meter="OpenAI.GlobalStandard.gpt-5-mini")
    a, b = claim(1), claim(1, meter=second.meter)
    outcomes = at_once([hold(n, *([a, b] if n % 2 else [b, a])) for n in range(40)])
    assert split(outcomes) == (15, 25)
    assert promised(first) == promised(second) == 15


def test_what_is_given_back_meanwhile_is_promised_again_once():
    one = pool(10)
    for number in range(10):
        services.hold(Ask(f"old:{number}", [claim(1)]))
    releases = [partial(services.release, Ask(f"old:{n}")) for n in range(10)]
    outcomes = at_once([*releases, *(hold(n, claim(1)) for n in range(30))])
    passed, _ = split(outcomes)
    assert promised(one) == passed - 10 <= 10


def test_of_an_approval_and_a_withdrawal_the_withdrawal_stays():
    one = pool(100)
    subjects = [Ask(f"request:{number}", [claim(1)]) for number in range(20)]
    for subject in subjects:
        services.hold(subject)
    acts = [partial(act, s) for s in subjects for act in (services.commit, services.release)]
    split(at_once(acts))
    assert promised(one) == 0
    assert set(Hold.objects.values_list("status", flat=True)) == {"released"}


def test_places_are_given_once_and_accounts_made_once():
    one = accounts()
    outcomes = at_once([hold(n, placing=PLACING) for n in range(40)])
    assert split(outcomes) == (40, 0)
    assert promised(one) == 2
    on = Counter(Hold.objects.filter(pool__meter="deployments").values_list("pool", flat=True))
    assert sorted(on.values()) == [8, 32]
    names = Placement.objects.order_by("name").values_list("name", flat=True)
    assert list(names) == ["aoai-northwind-sdc-01", "aoai-northwind-sdc-02"]


def test_the_last_account_takes_as_many_as_fit():
    accounts(1)
    pool(1000)
    outcomes = at_once([hold(n, claim(1), placing=PLACING) for n in range(40)])
    assert split(outcomes) == (32, 8)
    assert promised(Pool.objects.get(meter=METER)) == 32, "a refused place gives the quota back"


def test_a_sync_in_between_promises_nothing_and_takes_nothing():
    """Holds lock (quota, accounts) while syncs write them in the order of their names."""
    accounts(30)
    one = pool(20)
    found = {
        ACCOUNTS: Usage(ACCOUNTS, "", 1, 30, "Count"),
        METER: Usage(METER, "", 10, 20, "Count"),
        "OpenAI.GlobalStandard.new": Usage("", "", 0, 5, "Count"),
    }
    Pool.objects.filter(pk=one.pk).update(azure_used=10)
    sync = partial(write.write_region, one.subscription, REGION, found, timezone.now())
    outcomes = at_once([*(hold(n, claim(1), placing=PLACING) for n in range(30)), *[sync] * 10])
    assert split(outcomes) == (20, 20)
    assert promised(one) == 10
    assert Pool.objects.filter(placement=None).count() == 3


def test_of_two_readings_the_later_one_stays():
    accounts()
    one, now = pool(20), timezone.now()
    for limit, read_at in ((30, now), (10, now - timedelta(seconds=9))):
        found = {METER: Usage(METER, "", 0, limit, "Count")}
        write.write_region(one.subscription, REGION, found, read_at)
        listed = [ModelCapacity(REGION, "GlobalStandard", limit)]
        write.write_version(one.subscription, ("OpenAI", "gpt-5.1", "1"), listed, read_at)
    one.refresh_from_db()
    assert (one.limit, one.synced_at) == (30, now)
    assert RealCapacity.objects.get().available == 30


def test_readings_that_differ_do_not_wait_for_each_other_crosswise():
    """Each writes its half and deletes the other's, which the other has just locked."""
    one, read_at = subscription(), timezone.now()
    halves = [[f"region{number:03}" for number in range(start, 200, 2)] for start in (0, 1)]
    for _ in range(4):
        writes = [
            partial(
                write.write_version,
                one,
                ("OpenAI", "gpt-5.1", "1"),
                [ModelCapacity(region, "GlobalStandard", 1) for region in some],
            )
            for some in ([*halves[0], *halves[1]], *halves)
        ]
        writes[0](read_at)
        read_at += timedelta(seconds=1)
        assert at_once([partial(write, read_at) for write in writes[1:]]) == [None, None]
        read_at += timedelta(seconds=1)
