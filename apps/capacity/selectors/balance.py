"""What does not add up: pools, allowances, costs and findings recomputed from their rows."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from apps.capacity.models import Allowance, Commitment, Finding, Hold, Placement, Pool
from apps.capacity.selectors.pools import Free, frees
from apps.capacity.selectors.split import Split, splits, sum_of
from apps.capacity.states import LIVE, FindingStatus, HoldStatus
from apps.kernel import formats

OVERDUE = timedelta(hours=1)  # so long may the sweep of expired requests be late
FIRM = (HoldStatus.COMMITTED, HoldStatus.BUILT)


@dataclass(frozen=True)
class Live:
    """One live hold of a subject: `whole` is what it is once a change has taken over."""

    tier: str
    region: str
    meter: str
    amount: int
    whole: int
    status: HoldStatus
    team_id: int | None


def live_holds() -> Mapping[str, list[Live]]:
    """Return every live hold by its subject, in one query."""
    found: defaultdict[str, list[Live]] = defaultdict(list)
    rows = Hold.objects.filter(status__in=LIVE).select_related("pool__subscription")
    for row in rows.order_by("pk").iterator(chunk_size=2000):
        one = Live(
            tier=row.pool.subscription.tier,
            region=row.pool.region,
            meter=row.pool.meter,
            amount=row.amount,
            whole=row.becomes or row.amount,
            status=HoldStatus(row.status),
            team_id=row.team_id,
        )
        found[row.subject].append(one)
    return found


def taken_over() -> frozenset[str]:
    """Return the subjects whose promise a change has taken over, or was to take over."""
    rows = Hold.objects.exclude(instead_of="").exclude(status=HoldStatus.HELD)
    return frozenset(rows.values_list("instead_of", flat=True).distinct())


def differences() -> Iterator[str]:
    """Say in a sentence each what does not add up, from capacity's own rows alone."""
    used = Hold.objects.filter(status__in=LIVE).values("pool")
    allowed = Allowance.objects.values("pool")
    pools = frees(Pool.objects.filter(Q(pk__in=used) | Q(pk__in=allowed)))
    by_pool = splits([pool.pool_id for pool in pools])
    explained = set(
        Finding.objects.filter(status=FindingStatus.EXPLAINED).values_list("pool", flat=True)
    )
    for pool in pools:
        yield from _pool(pool, by_pool[pool.pool_id], explained=pool.pool_id in explained)
    yield from _holds()
    yield from _commitments()


def _pool(pool: Free, split: Split, *, explained: bool) -> Iterator[str]:
    where = pool.account or f"{pool.label} in {pool.region} ({pool.tier})"
    if pool.taken > pool.limit and not (explained and pool.taken - pool.foreign <= pool.limit):
        taken = formats.quantity(pool.taken, pool.unit)
        yield f"{where}: {taken} are used or promised of {formats.number(pool.limit)}."
    for unit, allowance in split.units.items():
        inside = sum_of(split.inside(unit))
        if inside > allowance.limit:
            yield (
                f"{where}: the teams of {allowance.business_unit} are allowed {inside} of its "
                f"{allowance.limit}."
            )
    for allowance in (*split.units.values(), *split.teams.values()):
        owner = allowance.team or allowance.business_unit
        promised = split.promised_to(owner) if owner else 0
        if promised > allowance.limit:
            yield f"{where}: {owner} was promised {promised} of its {allowance.limit}."
    top = split.top()
    if sum_of(top) > pool.limit and not any(one.over_commit for one in top):
        yield (
            f"{where}: {sum_of(top)} are allowed of {pool.limit}, and nobody said that it is meant."
        )


def _holds() -> Iterator[str]:
    live = Hold.objects.filter(status__in=LIVE)
    over = live.filter(until_at__lt=timezone.now() - OVERDUE)
    for row in over:
        yield f"{row.subject} still holds {row.amount}, and that ended {row.until_at}."
    adopted = {one.ref for one in Finding.objects.filter(status=FindingStatus.ADOPTED)}
    yield from _each(adopted, live.filter(subject__startswith="finding:"), "an adopted finding")
    accounts = {f"account:{pk}" for pk in Placement.objects.values_list("pk", flat=True)}
    yield from _each(accounts, live.filter(subject__startswith="account:"), "an account")


def _each(expected: set[str], rows: QuerySet[Hold], what: str) -> Iterator[str]:
    found = set(rows.values_list("subject", flat=True))
    for subject in sorted(expected - found):
        yield f"{subject} is {what} and holds nothing."
    for subject in sorted(found - expected):
        yield f"{subject} holds something and is not {what}."


def _commitments() -> Iterator[str]:
    firm = Hold.objects.filter(status__in=FIRM, subject__startswith="request:")
    running = Commitment.objects.filter(to_on=None)
    promised = firm.filter(subject=OuterRef("subject"))
    for one in running.exclude(Exists(promised)):
        yield f"{one.subject} costs {one.business_unit} something and holds nothing."
    costs = running.filter(subject=OuterRef("subject"))
    silent = firm.exclude(Exists(costs)).values_list("subject", flat=True)
    for subject in silent.distinct().order_by("subject"):
        yield f"{subject} was approved and has no commitment."
    strange = running.exclude(business_unit=F("team__business_unit"))
    for one in strange.select_related("team__business_unit", "business_unit"):
        yield f"{one.subject} is paid by {one.business_unit}, its team is {one.team.scope}."
