"""What is promised, to whom, and what becomes of it."""

import re

import pytest
from django.utils import timezone

from apps.capacity import rules, selectors, services
from apps.capacity.models import Hold, Placement, Pool
from apps.capacity.protocols import Placing
from apps.kernel.errors import ConflictError
from apps.kernel.formats import number
from apps.kernel.models import AuditEntry
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


def free():
    return selectors.free(tier="prod", region=REGION, meter=METER)


def statuses(subject):
    return list(
        Hold.objects.filter(subject=subject).order_by("id").values_list("status", flat=True)
    )


def refusal(ask):
    with pytest.raises(ConflictError) as refused:
        services.hold(ask)
    assert not Hold.objects.filter(subject=ask.subject).exists()
    return refused.value.message


@pytest.mark.parametrize(
    ("limit", "used", "built", "committed", "held", "foreign", "left"),
    [
        (1000, 0, 0, 0, 0, 0, 1000),
        (1000, 0, 0, 0, 300, 0, 700),
        (1000, 0, 0, 200, 300, 0, 500),
        (1000, 100, 100, 200, 300, 0, 400),  # what Azure counts is what we built
        (1000, 150, 100, 200, 300, 50, 350),  # 50 were made past the portal
        (1000, 0, 100, 0, 0, 0, 900),  # not counted yet
        (500, 400, 0, 0, 200, 400, 0),  # promised more than is left: never below 0
        (0, 0, 0, 0, 0, 0, 0),
    ],
)
def test_the_formula(limit, used, built, committed, held, foreign, left):
    one = pool(limit, used=used)
    amounts = {"built": built, "committed": committed, "held": held, "released": 77}
    for index, (status, amount) in enumerate(amounts.items()):
        if amount:
            one.holds.create(
                subject=f"request:{index}",
                amount=amount,
                status=status,
                why="x",
                changed_at=one.synced_at,
            )
    found = free()
    assert (found.built, found.committed, found.held) == (built, committed, held)
    assert (found.foreign, found.free) == (foreign, left)


def test_a_hold_goes_its_way():
    one = pool(1000)
    accounts()
    ask = Ask("request:1", [claim(500)], PLACING)
    services.hold(ask)
    assert (free().held, free().free) == (500, 500)
    assert statuses("request:1") == ["held", "held"]
    services.commit(ask)
    assert (free().committed, free().free) == (500, 500)
    services.mark_built(ask)
    assert (free().built, free().free) == (500, 500)
    Pool.objects.filter(pk=one.pk).update(azure_used=500, synced_at=timezone.now())
    assert (free().foreign, free().free) == (0, 500)
    services.release(ask)
    assert statuses("request:1") == ["released", "released"]
    assert (free().foreign, free().free) == (500, 500), "Azure still counts it until the next sync"


def test_a_hold_leaves_a_trace():
    pool(1000)
    accounts()
    services.hold(Ask("request:1", [claim(500)], PLACING, why="REQ-1 for claims"))
    entry = AuditEntry.objects.get(verb="held capacity")
    assert (entry.subject, entry.subject_name) == ("request:1", "REQ-1 for claims")
    assert entry.after == {
        "gpt-5.1 Global Standard, swedencentral": "500 K TPM",
        "place": "aoai-northwind-sdc-01",
    }


def test_releasing_twice_changes_nothing():
    one = pool(10)
    services.hold(Ask("request:1", [claim(4)]))
    services.release(Ask("request:1"))
    services.release(Ask("request:1"))
    assert promised(one) == 0


def test_what_was_released_cannot_be_committed():
    pool(10)
    services.hold(Ask("request:1", [claim(4)]))
    services.release(Ask("request:1"))
    with pytest.raises(ConflictError, match="given back meanwhile"):
        services.commit(Ask("request:1"))


def test_who_holds_nothing_may_be_committed():
    """A kind that needs no capacity is approved like any other."""
    services.hold(Ask("request:1"))
    services.commit(Ask("request:1"))
    services.mark_built(Ask("request:1"))


def test_a_request_that_comes_back_holds_anew():
    one = pool(10)
    for _ in range(3):
        services.hold(Ask("request:1", [claim(10)]))
        services.release(Ask("request:1"))
    services.hold(Ask("request:1", [claim(7)]))
    services.commit(Ask("request:1"))
    assert promised(one) == 7


def test_claims_on_one_pool_add_up():
    one = pool(10)
    assert "11\xa0K\xa0TPM" in refusal(Ask("request:1", [claim(5), claim(6)]))
    services.hold(Ask("request:1", [claim(5), claim(5)]))
    assert promised(one) == 10


def test_one_refused_claim_refuses_all():
    first, second = pool(10), pool(1, meter="OpenAI.GlobalStandard.gpt-5-mini")
    refusal(Ask("request:1", [claim(5), claim(2, meter=second.meter)]))
    assert promised(first) == promised(second) == 0


def test_a_refusal_names_the_free_amount_and_what_would_pass():
    pool(1000, used=940)
    pool(3000, region="eastus2")
    pool(400, region="francecentral")
    said = refusal(Ask("request:1", [claim(300)]))
    assert said.startswith(
        "300\xa0K\xa0TPM of gpt-5.1 Global Standard in swedencentral are more than is free: "
        f"60\xa0K\xa0TPM of {number(1000)}, as of "
    )
    assert said.endswith(
        "Ask for 60\xa0K\xa0TPM or less. francecentral has 400\xa0K\xa0TPM free."
    ), "the same geography before the bigger amount"


def test_elsewhere_is_named_with_what_its_machines_can_take_too():
    pool(100)
    pool(3000, region="francecentral")
    machines(250, region="francecentral")
    pool(900, region="polandcentral")
    machines(50, region="polandcentral")
    said = refusal(Ask("request:1", [claim(200)]))
    assert said.endswith("francecentral has 250\xa0K\xa0TPM free.")


def test_nothing_free_anywhere():
    pool(1000, used=1000)
    said = refusal(Ask("request:1", [claim(300)]))
    assert "Ask for" not in said
    assert said.endswith("No other region has room for it either.")


@pytest.mark.parametrize("limit", [None, 0])
def test_no_quota_is_an_answer_of_its_own(limit):
    if limit is not None:
        pool(limit)
    assert refusal(Ask("request:1", [claim(1)])).startswith(
        "There is no quota for gpt-5.1 Global Standard in swedencentral: our subscription has none."
    )


def test_quota_without_machines_is_an_answer_of_its_own():
    pool(1000)
    machines(120)
    services.hold(Ask("request:1", [claim(120)]))
    assert refusal(Ask("request:2", [claim(121)])).startswith(
        "The quota has room for 121\xa0K\xa0TPM of gpt-5.1 Global Standard, but Azure’s machines "
        "in swedencentral can take 120\xa0K\xa0TPM now. Ask for 120\xa0K\xa0TPM or less."
    )


def test_the_subscriptions_are_apart():
    prod, nonprod = pool(10), pool(5, tier="nonprod")
    services.hold(Ask("request:1", [claim(5, tier="nonprod")]))
    refusal(Ask("request:2", [claim(1, tier="nonprod")]))
    assert (promised(prod), promised(nonprod)) == (0, 5)


def test_provisioned_units_are_counted_over_all_models():
    one = pool(50, meter="OpenAI.GlobalProvisionedManaged")
    services.hold(Ask("request:1", [claim(40, meter=one.meter, unit="PTU")]))
    said = refusal(Ask("request:2", [claim(15, meter=one.meter, unit="PTU")]))
    assert "10\xa0PTU of 50" in said


def place(subject, placing=PLACING):
    services.hold(Ask(subject, [], placing))
    return selectors.place_of(subject)


def test_the_first_place_makes_an_account_that_is_promised_too():
    one = accounts()
    placed = place("request:1")
    account = placed.placement
    assert account.name == "aoai-northwind-sdc-01"
    assert account.resource_group == "rg-ai-platform-prod-swedencentral"
    assert account.azure_id.endswith("/accounts/aoai-northwind-sdc-01")
    assert placed.why == "A new shared account, number 1 of 30 in swedencentral"
    assert promised(one) == 1
    assert statuses(f"account:{account.pk}") == ["committed"]
    services.commit(Ask("request:1"))
    services.mark_built(Ask("request:1"))
    assert statuses(f"account:{account.pk}") == ["built"]


def test_an_account_is_filled_before_the_next_one_is_made():
    one = accounts(2)
    names = [place(f"request:{n}").placement.name for n in range(64)]
    assert names == ["aoai-northwind-sdc-01"] * 32 + ["aoai-northwind-sdc-02"] * 32
    assert promised(one) == 2
    assert selectors.place_of("request:5").why == "Shared account with 27 of 32 places free"
    assert selectors.place_of("request:32").why.endswith(
        "number 2 of 2 in swedencentral: the others are full"
    )
    said = refusal(Ask("request:65", [], PLACING))
    assert said == (
        "All accounts in swedencentral are full, and Azure allows no more than 2. "
        "Choose another region."
    )
    services.release(Ask("request:40"))
    assert selectors.place_of("request:40") is None
    assert place("request:65").placement.name == "aoai-northwind-sdc-02"


def test_accounts_made_past_the_portal_count():
    accounts(3, used=2)
    assert place("request:1").why == "A new shared account, number 3 of 3 in swedencentral"


def test_non_production_has_accounts_of_its_own():
    accounts()
    accounts(tier="nonprod")
    place("request:1")
    other = place("request:2", Placing("nonprod", REGION)).placement
    assert other.name == "aoai-northwind-np-sdc-01"
    assert other.resource_group == "rg-ai-platform-nonprod-swedencentral"


def test_a_region_that_was_never_read_gives_no_place():
    assert "have not been read yet" in refusal(Ask("request:1", [], PLACING))
    assert not Placement.objects.exists()


def test_the_own_part_of_each_pool():
    pool(1000, used=100)
    accounts()
    services.hold(Ask("request:1", [claim(200)], PLACING))
    services.hold(Ask("request:2", [claim(300)], PLACING))
    quota, slots = selectors.pools_of_subject("request:2")
    assert (quota.amount, quota.pool.taken, quota.pool.held) == (300, 600, 500)
    assert (slots.amount, slots.pool.taken, slots.pool.limit) == (1, 2, 32)


def test_free_amounts_of_many_pools_cost_one_query(django_assert_num_queries):
    regions = ["swedencentral", "francecentral", "westeurope"]
    for region in regions:
        pool(100, region=region)
        services.hold(Ask(f"request:{region}", [claim(30, region=region)]))
    with django_assert_num_queries(1):
        found = selectors.free_by_region(tier="prod", meters={METER})
    assert {key: one.free for key, one in found.items()} == {(r, METER): 70 for r in regions}


def test_tightest_pools_first():
    for meter, limit, used in (("a", 100, 10), ("b", 1000, 950), ("c", 0, 0), ("d", 5, 0)):
        pool(limit, used=used, meter=f"OpenAI.GlobalStandard.{meter}")
    found = [one.meter[-1] for one in selectors.tightest(4)]
    assert found == ["b", "a"], "unused pools and those without a quota are not tight"


def test_names_fit_into_azure(settings):
    """64 letters, and no two organisations share one (customSubDomainName)."""
    settings.AZURE_PREFIX = "x" * 24
    for region in (*rules.SHORT_REGIONS, "germanynorth-as-long-as-new1"):
        for tier in ("prod", "nonprod"):
            name = rules.account_name(tier=tier, region=region, number=30)
            assert re.fullmatch(r"[a-z0-9][a-z0-9-]{1,63}", name)
    settings.AZURE_PREFIX = "contoso"
    assert rules.account_name(tier="prod", region=REGION, number=1) == "aoai-contoso-sdc-01"


def test_an_account_that_could_not_be_made_gets_another_name(settings):
    accounts()
    place("request:1")
    settings.AZURE_PREFIX = "contoso"
    assert place("request:2").placement.name == "aoai-northwind-sdc-01", "somebody is on it"
    for subject in ("request:1", "request:2"):
        services.release(Ask(subject))
    assert place("request:3").placement.name == "aoai-contoso-sdc-01"
    assert Placement.objects.count() == 1


def test_an_account_that_exists_keeps_its_name(settings):
    accounts()
    place("request:1")
    services.commit(Ask("request:1"))
    services.mark_built(Ask("request:1"))
    services.release(Ask("request:1"))
    settings.AZURE_PREFIX = "contoso"
    assert place("request:2").placement.name == "aoai-northwind-sdc-01"
