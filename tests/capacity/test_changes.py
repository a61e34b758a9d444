"""A change asks only for what it needs beyond what it has, and takes over once it is built."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.capacity import selectors, services
from apps.capacity.models import Commitment, Hold, Pool
from apps.kernel.errors import ConflictError
from tests.capacity.pools import (
    METER,
    PLACING,
    REGION,
    Ask,
    accounts,
    claim,
    machines,
    pool,
    promised,
)

pytestmark = pytest.mark.django_db
OTHER = "OpenAI.GlobalStandard.gpt-5-mini"


def built(amount, subject="request:1", cost=10):
    ask = Ask(subject, [claim(amount)], PLACING, expected_nano=cost)
    services.hold(ask)
    services.commit(ask)
    services.mark_built(ask)
    return ask


def change(*claims, subject="request:2", instead_of="request:1", placing=PLACING):
    ask = Ask(subject, list(claims), placing, instead_of=instead_of, expected_nano=20)
    services.hold(ask)
    return ask


def done(ask):
    services.commit(ask)
    services.mark_built(ask)


def live():
    rows = Hold.objects.filter(status__in=("held", "committed", "built"))
    rows = rows.exclude(subject__startswith="account:").order_by("subject", "pool")
    return [(row.subject, row.pool.meter, row.amount, row.status) for row in rows]


def test_more_holds_only_the_difference_until_it_is_built():
    one, _ = pool(1000), accounts()
    built(700)
    ask = change(claim(1000))
    assert promised(one) == 1000
    assert live() == [
        ("request:1", METER, 700, "built"),
        ("request:1", "deployments", 1, "built"),
        ("request:2", METER, 300, "held"),
        ("request:2", "deployments", 0, "held"),
    ]
    old, new = (selectors.place_of(f"request:{n}").placement for n in (1, 2))
    assert old == new, "it stays on its account"
    done(ask)
    assert live() == [
        ("request:2", METER, 1000, "built"),
        ("request:2", "deployments", 1, "built"),
    ]
    assert promised(one) == 1000


def test_less_gives_the_rest_back_only_once_it_is_built():
    one, _ = pool(1000), accounts()
    built(700)
    ask = change(claim(200))
    assert promised(one) == 700
    services.commit(ask)
    assert promised(one) == 700
    services.mark_built(ask)
    assert promised(one) == 200
    assert live()[0] == ("request:2", METER, 200, "built")


def test_what_a_change_needs_is_said_with_what_it_has():
    pool(1000)
    accounts()
    built(700)
    services.hold(Ask("request:9", [claim(250)]))
    with pytest.raises(ConflictError) as refused:
        change(claim(800))
    said = refused.value.message.replace("\xa0", " ")
    assert said.startswith("100 K TPM more of gpt-5.1 Global Standard in swedencentral are more")
    assert "50 K TPM of 1 000" in said
    assert "Ask for 750 K TPM or less." in said
    assert not Hold.objects.filter(subject="request:2").exists()
    change(claim(700))  # the same, in a pool that is full or not


def test_machines_have_to_take_only_the_difference():
    pool(1000)
    accounts()
    built(700)
    machines(100)
    change(claim(800))
    with pytest.raises(ConflictError, match="can take 100"):
        change(claim(801), subject="request:3")


def test_in_another_pool_it_needs_all_of_it_and_the_old_one_stays_until_then():
    one, other, _ = pool(1000), pool(1000, meter=OTHER), accounts()
    built(700)
    ask = change(claim(400, meter=OTHER))
    assert (promised(one), promised(other)) == (700, 400)
    done(ask)
    assert (promised(one), promised(other)) == (0, 400)
    assert {(subject, amount) for subject, _, amount, _ in live()} == {
        ("request:2", 400),
        ("request:2", 1),
    }


def test_in_another_region_it_needs_a_place_of_its_own():
    pool(1000)
    pool(1000, region="francecentral")
    accounts()
    accounts(region="francecentral")
    built(700)
    there = type(PLACING)("prod", "francecentral")
    done(change(claim(700, region="francecentral"), placing=there))
    assert selectors.place_of("request:2").placement.region == "francecentral"
    assert selectors.place_of("request:1") is None
    assert {row.pool.region for row in Hold.objects.filter(subject="request:2")} == {
        "francecentral"
    }


def test_a_change_that_is_withdrawn_leaves_what_was_built():
    one, _ = pool(1000), accounts()
    ask = built(700)
    services.release(change(claim(900)))
    assert promised(one) == 700
    services.release(ask)
    assert promised(one) == 0


def test_whoever_gives_back_the_first_gives_back_what_took_over_from_it():
    one, _ = pool(1000), accounts()
    first = built(700)
    done(change(claim(900)))
    done(change(claim(300), subject="request:3", instead_of="request:2"))
    services.release(change(claim(350), subject="request:4", instead_of="request:3"))
    assert promised(one) == 300
    services.release(first)
    assert live() == []
    assert not Commitment.objects.filter(to_on=None).exists()


def test_giving_back_leaves_a_change_that_is_not_built_to_itself():
    one, _ = pool(1000), accounts()
    first = built(700)
    change(claim(900))
    services.release(first)
    assert promised(one) == 200


def test_a_second_telling_changes_nothing():
    one, _ = pool(1000), accounts()
    built(700)
    ask = change(claim(900))
    done(ask)
    before = list(Hold.objects.order_by("pk").values())
    services.mark_built(ask)
    services.take_over(ask)
    assert list(Hold.objects.order_by("pk").values()) == before
    assert promised(one) == 900


def test_what_nothing_was_built_for_is_something_new():
    one, _ = pool(1000), accounts()
    done(change(claim(400), instead_of="request:77"))
    assert promised(one) == 400
    assert not Hold.objects.exclude(instead_of="").exists()


def test_a_promise_that_nobody_confirms_ends():
    one, _ = pool(1000), accounts()
    until = timezone.now() + timedelta(days=14)
    ask = Ask("request:1", [claim(400)], PLACING)
    services.hold(ask)
    services.keep_until(subject="request:1", until_at=until)
    assert set(Hold.objects.filter(subject="request:1").values_list("until_at", flat=True)) == {
        until
    }
    services.expire(ask)
    assert promised(one) == 0
    assert set(Hold.objects.filter(subject="request:1").values_list("status", flat=True)) == {
        "expired"
    }
    with pytest.raises(ConflictError, match="given back meanwhile"):
        services.commit(ask)
    services.hold(ask)
    services.commit(ask)
    assert not Hold.objects.filter(status="committed", until_at__isnull=False).exists()


def test_what_was_approved_does_not_expire():
    pool(1000)
    ask = Ask("request:1", [claim(400)])
    services.hold(ask)
    services.commit(ask)
    with pytest.raises(ConflictError, match="cannot become Expired"):
        services.expire(ask)


def costs():
    rows = Commitment.objects.order_by("pk")
    return [(row.subject, row.list_cost_nano, row.to_on is None) for row in rows]


def test_a_commitment_runs_from_the_yes_until_it_is_given_back():
    pool(1000)
    ask = Ask("request:1", [claim(400)], expected_nano=None)
    services.hold(ask)
    assert costs() == []
    services.commit(ask)
    assert costs() == [("request:1", None, True)], "unknown is not 0"
    services.mark_built(ask)
    assert costs() == [("request:1", None, True)]
    services.release(ask)
    assert costs() == [("request:1", None, False)]


def test_a_change_costs_as_well_until_it_takes_over():
    pool(1000)
    accounts()
    built(400)
    ask = change(claim(800))
    services.commit(ask)
    assert costs() == [("request:1", 10, True), ("request:2", 20, True)]
    services.mark_built(ask)
    assert costs() == [("request:1", 10, False), ("request:2", 20, True)]


def test_what_holds_nothing_commits_nothing():
    services.hold(Ask("request:1"))
    services.commit(Ask("request:1", expected_nano=10))
    assert costs() == []
    assert not Pool.objects.filter(region=REGION).exists()
