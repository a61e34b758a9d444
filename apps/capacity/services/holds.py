"""Hold, commit, build, release: what becomes of a promise."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from apps.capacity import selectors
from apps.capacity.models import Hold, Pool
from apps.capacity.protocols import (
    DEPLOYMENTS,
    Approved,
    AsksForCapacity,
    Claim,
    HasSubject,
    Placing,
)
from apps.capacity.selectors import Placed
from apps.capacity.services.commitments import begin_commitment, end_commitments
from apps.capacity.services.locks import Key, locked_pools, locked_team, wanted
from apps.capacity.services.placing import account_ref, place
from apps.capacity.services.refusals import refuse_unless_free
from apps.capacity.states import LIVE, HoldStatus
from apps.kernel import audit, states
from apps.kernel.actors import SYSTEM
from apps.kernel.errors import ConflictError


@transaction.atomic
def hold(event: AsksForCapacity) -> None:
    """Hold what an event claims, and a place for it, all or nothing (a guard: it may refuse).

    Of any number of holds at the same moment, in any mix of amounts and teams, exactly as many
    pass as fit into the pool, the unit's allowance and the team's: each waits for the locks of its
    pools and then reads what the others left. A change of something built asks, in the same pool,
    only for what it needs beyond the promise that it will take over.
    """
    team = locked_team(event.team_id)
    claims = _summed(event.claims)
    pools = locked_pools(wanted([*claims], event.placing))
    before = _built_by(event.instead_of)
    rows = []
    for key, claim in claims.items():
        pool = pools.get(key)
        had = before[pool.pool_id].amount if pool and pool.pool_id in before else 0
        pool = refuse_unless_free(claim, pool, team, had=had)
        more = max(0, claim.amount - had)
        rows.append(Hold(pool_id=pool.pool_id, amount=more, becomes=claim.amount, why=event.why))
    promised = {
        f"{selectors.label_of(claim.meter)}, {claim.region}": f"{claim.amount} {claim.unit}"
        for claim in claims.values()
    }
    if event.placing:
        placed, slot = _slot(event.placing, before)
        rows.append(Hold(pool=slot, amount=int(slot.pk not in before), becomes=1, why=placed.why))
        promised["place"] = placed.placement.name
    for row in rows:
        row.subject, row.team, row.why = event.subject, team, row.why[:300]
        row.instead_of = event.instead_of if before else ""
        row.becomes = row.becomes if row.instead_of else None
    if not rows:
        return
    Hold.objects.bulk_create(rows)
    audit.record(
        subject=event.subject,
        subject_name=event.why,
        verb="held capacity",
        after=promised,
        by=SYSTEM,
    )


@transaction.atomic
def commit(event: Approved) -> None:
    """Keep what a subject holds, and note its cost a month: it was approved.

    Refuses what was released meanwhile. What holds nothing commits nothing.
    """
    team = locked_team(event.team_id)
    holds = _locked(Q(subject=event.subject))
    live = _live(holds)
    if holds and not live:
        raise ConflictError(
            "The capacity for this was given back meanwhile. Submit it again to hold it anew."
        )
    _move(live, HoldStatus.COMMITTED, until_at=None)
    if live:
        begin_commitment(subject=event.subject, team=team, list_cost_nano=event.expected_nano)


@transaction.atomic
def mark_built(event: HasSubject) -> None:
    """Note that what was promised to a subject, and the account it is on, now exist in Azure.

    A change takes over here: in one transaction the promise that it was made instead of ends, and
    its own becomes the whole.
    """
    placed = selectors.place_of(event.subject)
    take_over(event)
    _move(_live(_locked(Q(subject=event.subject))), HoldStatus.BUILT)
    if placed:
        _move(_live(_locked(Q(subject=account_ref(placed.placement)))), HoldStatus.BUILT)


@transaction.atomic
def take_over(event: HasSubject) -> None:
    """Put a change's promise in the place of the one before; where nothing waits it does nothing.

    The pools are locked, so that nobody is promised in between what is only handed on.
    """
    waiting = Q(subject=event.subject, status=HoldStatus.COMMITTED) & ~Q(instead_of="")
    old = Hold.objects.filter(waiting).values_list("instead_of", flat=True).first()
    if old is None:
        return
    both = Q(subject__in=(event.subject, old), status__in=LIVE)
    locked_pools(Q(pk__in=Hold.objects.filter(both).values("pool")))
    for row in _live(_locked(both)):
        if row.subject == old:
            _move([row], HoldStatus.RELEASED)
        elif row.status == HoldStatus.COMMITTED:
            _move([row], HoldStatus.BUILT, amount=row.becomes)
    end_commitments([old])


@transaction.atomic
def release(event: HasSubject) -> None:
    """Give back whatever a subject holds, or what took over from it; twice changes nothing."""
    heirs = Q(subject__in=_heirs(event.subject), status=HoldStatus.BUILT)
    live = _live(_locked(Q(subject=event.subject) | heirs))
    _move(live, HoldStatus.RELEASED)
    end_commitments({event.subject, *(row.subject for row in live)})


@transaction.atomic
def expire(event: HasSubject) -> None:
    """Give back what a subject held while nobody decided."""
    _move(_live(_locked(Q(subject=event.subject))), HoldStatus.EXPIRED)


def keep_until(*, subject: str, until_at: datetime | None) -> None:
    """Say until when a promise is kept while nobody decides; None: until somebody does."""
    Hold.objects.filter(subject=subject, status=HoldStatus.HELD).update(until_at=until_at)


def _locked(where: Q) -> list[Hold]:
    """Lock holds, so that of an approval and a withdrawal at once the second sees the first."""
    return list(Hold.objects.filter(where).order_by("pk").select_for_update(no_key=True))


def _live(holds: Sequence[Hold]) -> list[Hold]:
    return [row for row in holds if row.status in LIVE]


def _move(holds: Sequence[Hold], to: HoldStatus, **changes: Any) -> None:
    for row in holds:
        if row.status != to:
            states.move(row, to=to, by=SYSTEM, changed_at=Now(), **changes)


def _heirs(subject: str) -> list[str]:
    """List the subjects that were to take over from this one, and from those."""
    heirs: list[str] = []
    found = [subject]
    while found:
        changes = Hold.objects.filter(instead_of__in=found).exclude(subject__in=heirs)
        found = list(changes.values_list("subject", flat=True).distinct())
        heirs += found
    return heirs


def _built_by(subject: str) -> dict[int, Hold]:
    """Return what a subject has built, by pool."""
    rows = Hold.objects.filter(subject=subject, status=HoldStatus.BUILT) if subject else ()
    return {row.pool_id: row for row in rows}


def _slot(placing: Placing, before: Mapping[int, Hold]) -> tuple[Placed, Pool]:
    """Keep the place that a change has already, or find one."""
    slots = Pool.objects.filter(meter=DEPLOYMENTS).select_related("placement__subscription")
    here = {"subscription__tier": placing.tier, "region": placing.region}
    kept = slots.filter(pk__in=before, **here).first()
    if kept and kept.placement:
        return Placed(kept.placement, "The account that it is on"), kept
    placed = place(placing=placing)
    return placed, slots.get(placement=placed.placement)


def _summed(claims: Sequence[Claim]) -> dict[Key, Claim]:
    """Add up claims on the same pool."""
    found: dict[Key, Claim] = {}
    amounts: defaultdict[Key, int] = defaultdict(int)
    for claim in claims:
        key = (claim.tier, claim.region, claim.meter)
        amounts[key] += claim.amount
        found[key] = replace(claim, amount=amounts[key])
    return found
