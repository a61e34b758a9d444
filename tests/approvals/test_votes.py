"""Who may say yes, and what is checked again at that moment."""

import pytest

from apps.approvals import services
from apps.approvals.models import Decision, Step
from apps.approvals.selectors import next_actors, say_of
from apps.capacity.models import Pool
from apps.capacity.selectors import free
from apps.catalog.models import ResidencyRule
from apps.catalog.services import change_residency_rule
from apps.kernel.errors import (
    ConflictError,
    InvalidError,
    NotAllowedError,
    StaleStateError,
)
from apps.kernel.models import AuditEntry
from apps.requests import services as requests
from apps.teams.models import Membership, Person, Team
from tests.requests.asks import METER, plain, room, submitted

pytestmark = pytest.mark.django_db
WHERE = {"tier": "prod", "region": "swedencentral", "meter": METER}
CHEAP = {"capacity": 100, "requests_per_day": 100}


@pytest.fixture
def row(people):
    room()
    return submitted(people.alice, **CHEAP)


@pytest.fixture
def dear(people):
    """Above the limit of finance: 2 161.86 USD a month."""
    room()
    return submitted(people.alice)


def statuses(row):
    return dict(row.steps.values_list("label", "status"))


def test_one_yes_of_the_platform_approves_what_is_cheap(people, row):
    assert statuses(row) == {"Platform": "open", "Finance": "not_needed"}
    services.approve(request=row, reason="Fits.", by=people.petra)
    row.refresh_from_db()
    assert row.status == "approved"
    assert free(**WHERE).committed == 100
    assert row.jobs.filter(purpose="build").count() == 1
    vote = Decision.objects.get()
    assert (vote.person, vote.verdict, vote.reason) == (people.petra, "approve", "Fits.")
    moves = AuditEntry.objects.filter(subject__in=[row.ref, vote.step.ref], verb="approved")
    assert {m.actor_name for m in moves} == {"Petra Novak"}


def test_finance_decides_after_the_platform_above_its_limit(people, dear):
    assert statuses(dear) == {"Platform": "open", "Finance": "waiting"}
    with pytest.raises(NotAllowedError):
        services.approve(request=dear, by=people.fiona)
    services.approve(request=dear, by=people.jonas)
    dear.refresh_from_db()
    assert dear.status == "in_review"
    assert statuses(dear) == {"Platform": "approved", "Finance": "open"}
    with pytest.raises(NotAllowedError):
        services.approve(request=dear, by=people.petra)
    services.approve(request=dear, by=people.fiona)
    dear.refresh_from_db()
    assert dear.status == "approved"


def test_no_price_known_means_that_finance_decides(people):
    room()
    row = submitted(people.alice, **{**CHEAP, "sku": "Standard"})
    assert statuses(row)["Finance"] == "waiting"
    step = row.steps.get(label="Finance")
    assert step.rule == "P-06: Finance decides what has no price, as no price is known"


def test_the_rule_is_kept_with_its_numbers(dear):
    rule = plain(dear.steps.get(label="Finance").rule)
    assert rule == (
        "P-05: Finance decides above 2 000 USD a month, as 2 161.86 USD a month are expected, "
        "above 2 000"
    )


@pytest.mark.parametrize("who", ["alice", "bob", "dora", "charlie", "sami", "fiona", "audra"])
def test_nobody_else_decides(people, row, who):
    with pytest.raises(NotAllowedError):
        services.approve(request=row, by=getattr(people, who))
    with pytest.raises(NotAllowedError):
        services.reject(request=row, reason="No.", by=getattr(people, who))
    row.refresh_from_db()
    assert row.status == "in_review"
    assert not Decision.objects.exists()


def test_nobody_decides_on_their_own_request(people):
    """Petra may ask for Claims too; then Jonas has to decide, and the page says so."""
    room()
    claims = Team.objects.get(slug="claims")
    Membership.objects.create(person=people.petra, role="requester", team=claims)
    petra = Person.objects.get(pk=people.petra.pk)
    row = submitted(petra, **CHEAP)
    for act in (services.approve, services.reject):
        with pytest.raises(NotAllowedError, match=r"own request. A colleague has to"):
            act(request=row, reason="Mine.", by=petra)
    assert [p.name for p in next_actors(row, row.steps.get(status="open"))] == ["Jonas Hall"]
    assert say_of(petra, row).concerned
    services.approve(request=row, by=people.jonas)


def test_submitting_a_colleagues_draft_is_asking(people):
    """Who submits is the requester: a draft written by another does not help."""
    from tests.requests.asks import draft

    room()
    claims = Team.objects.get(slug="claims")
    Membership.objects.create(person=people.petra, role="requester", team=claims)
    petra = Person.objects.get(pk=people.petra.pk)
    row = requests.submit_request(request=draft(people.alice, **CHEAP), by=petra)
    with pytest.raises(NotAllowedError, match=r"own request"):
        services.approve(request=row, by=petra)


def test_a_role_lost_a_moment_ago_does_not_vote(people, row):
    petra = Person.objects.get(pk=people.petra.pk)
    assert petra.held, "her roles were read before they were taken"
    Membership.objects.filter(person=petra).delete()
    with pytest.raises(NotAllowedError):
        services.approve(request=row, by=petra)


def test_a_closed_account_does_not_vote(people, row):
    petra = Person.objects.get(pk=people.petra.pk)
    assert petra.held
    Person.objects.filter(pk=petra.pk).update(is_active=False)
    with pytest.raises(NotAllowedError):
        services.approve(request=row, by=petra)


def test_the_second_voter_reads_who_was_faster(people, row):
    seen = row.steps.get(status="open").pk
    services.approve(request=row, step=seen, by=people.petra)
    with pytest.raises(StaleStateError, match=r"Petra Novak approved REQ-.* already, today"):
        services.approve(request=row, step=seen, by=people.jonas)
    with pytest.raises(StaleStateError, match=r"Petra Novak approved"):
        services.reject(request=row, reason="Too late.", step=seen, by=people.jonas)


def test_a_second_press_does_not_decide_the_next_step(people, dear):
    both = Membership.objects.create(person=people.petra, role="finance")
    assert both
    petra = Person.objects.get(pk=people.petra.pk)
    seen = dear.steps.get(status="open").pk
    services.approve(request=dear, step=seen, by=petra)
    with pytest.raises(StaleStateError, match=r"Petra Novak approved"):
        services.approve(request=dear, step=seen, by=petra)
    assert statuses(dear)["Finance"] == "open"


def test_a_no_needs_a_reason_and_gives_the_capacity_free(people, row):
    for reason in ("", "   ", "\0"):
        with pytest.raises(InvalidError, match=r"Alice Berger reads it"):
            services.reject(request=row, reason=reason, by=people.petra)
    services.reject(request=row, reason="Take Batch.", by=people.petra)
    row.refresh_from_db()
    assert row.status == "rejected"
    assert free(**WHERE).held == 0
    assert statuses(row) == {"Platform": "rejected", "Finance": "not_needed"}


def test_a_no_cancels_what_comes_after(people, dear):
    services.reject(request=dear, reason="Take Batch.", by=people.petra)
    assert statuses(dear) == {"Platform": "rejected", "Finance": "cancelled"}


@pytest.mark.parametrize("reason", ["x" * 2001, "x" * 100_000])
def test_a_reason_has_a_limit(people, row, reason):
    with pytest.raises(InvalidError, match=r"At most"):
        services.approve(request=row, reason=reason, by=people.petra)


def test_residency_is_checked_again_at_the_vote(people, row):
    rule = ResidencyRule.objects.get(data_class="internal", scope="global", geography="Europe")
    change_residency_rule(
        pk=rule.pk, allowed=False, why="The works council said no.", by=people.petra
    )
    with pytest.raises(ConflictError) as refused:
        services.approve(request=row, by=people.petra)
    assert refused.value.message == (
        f"{row.number} can no longer be approved. The works council said no. "
        "Data Zone Standard would pass. Reject it and say what would pass, or ask Alice Berger."
    )
    assert statuses(row)["Platform"] == "open"
    services.reject(request=row, reason="Residency.", by=people.petra)


def test_quota_is_checked_again_at_the_vote_with_its_own_hold_counted(people, row):
    Pool.objects.filter(meter=METER, region="swedencentral").update(limit=100)
    services.approve(request=row, by=people.petra)


def test_quota_that_went_away_stops_the_vote(people, row):
    Pool.objects.filter(meter=METER, region="swedencentral").update(limit=60)
    with pytest.raises(ConflictError, match=r"60") as refused:
        services.approve(request=row, by=people.petra)
    assert "are free in swedencentral" in refused.value.message


def test_a_withdrawn_request_has_nothing_to_decide(people, row):
    requests.withdraw_request(request=row, by=people.alice)
    with pytest.raises(StaleStateError, match=r"is withdrawn; there is nothing to decide"):
        services.approve(request=row, by=people.petra)


def test_one_vote_per_person_and_step_in_the_database(people, row):
    from django.db import IntegrityError, transaction

    step = Step.objects.get(request=row, status="open")

    def vote(person, verdict="approve", voice=None):
        with transaction.atomic():
            Decision.objects.create(
                step=step,
                person=person,
                voice=voice or person,
                requester=people.alice,
                verdict=verdict,
            )

    vote(people.petra)
    for refused in (
        (people.petra,),
        (people.jonas, "approve", people.petra),
        (people.jonas, "reject"),
        (people.alice,),
        (people.jonas, "approve", people.alice),
    ):
        with pytest.raises(IntegrityError):
            vote(*refused)
