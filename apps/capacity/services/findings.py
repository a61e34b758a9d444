"""Explain or adopt what somebody deployed by hand."""

from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.capacity.models import Finding, Hold
from apps.capacity.selectors import Free, levels
from apps.capacity.services.locks import locked_pools, locked_team
from apps.capacity.states import FOUND, LIVE, FindingStatus, HoldStatus
from apps.kernel import audit, formats, states
from apps.kernel.errors import ConflictError, NotFoundError
from apps.teams import services as teams
from apps.teams.models import Person, Team
from apps.teams.roles import Action

SHORTEST, LONGEST = 10, 300


@transaction.atomic
def explain_finding(*, pk: int, note: str, by: Person) -> Finding:
    """Say what the use is for; it still takes from the pool, and is told again when it grows."""
    finding, _ = _locked(pk, by)
    _refuse_unless_found(finding)
    if finding.status == FindingStatus.EXPLAINED:
        raise ConflictError(f"This was explained already: {finding.explanation}")
    states.move(finding, to=FindingStatus.EXPLAINED, by=by, **_explained(note, by))
    return finding


@transaction.atomic
def adopt_finding(*, pk: int, team: Team, amount: int, note: str, by: Person) -> Finding:
    """Count the use, or a part of it, as a team's: held as built, within the team's allowances.

    What remains of it stays a finding. The pool has room: Azure counts it already.
    """
    teams.require(by, Action.CAPACITY_EDIT, None)
    team = locked_team(team.pk)
    finding, pool = _locked(pk, by)
    _refuse_unless_found(finding)
    explained, unit = _explained(note, by), pool.unit
    if not 0 < amount <= finding.amount:
        raise ConflictError(
            f"Of this use 1 to {formats.quantity(finding.amount, unit)} can be adopted."
        )
    _refuse_beyond_allowances(pool, team, amount)
    rest = finding.amount - amount
    states.move(finding, to=FindingStatus.ADOPTED, by=by, amount=amount, **explained)
    if rest:
        times = {"first_seen_at": finding.first_seen_at, "seen_at": finding.seen_at}
        Finding.objects.create(pool=finding.pool, amount=rest, **times)
    Hold.objects.create(
        pool=finding.pool,
        subject=finding.ref,
        team=team,
        amount=amount,
        status=HoldStatus.BUILT,
        why=f"Made past the portal: {finding.explanation}"[:LONGEST],
        changed_at=finding.first_seen_at,  # Azure counts it since then
    )
    audit.record(
        subject=finding.ref,
        subject_name=str(finding),
        verb="counted as the team’s",
        scope=team.scope,
        after={"amount": formats.quantity(amount, unit), "team": team.name},
        by=by,
    )
    return finding


@transaction.atomic
def drop_finding(*, pk: int, note: str, by: Person) -> Finding:
    """Note that what was adopted is no longer in Azure; the team's share is free again."""
    finding, _ = _locked(pk, by)
    if finding.status != FindingStatus.ADOPTED:
        raise ConflictError("Only use that was adopted is given back; other use ends by itself.")
    states.move(finding, to=FindingStatus.GONE, by=by, note=_said(note))
    for row in Hold.objects.filter(subject=finding.ref, status__in=LIVE).select_for_update():
        states.move(row, to=HoldStatus.RELEASED, by=by, changed_at=timezone.now())
    return finding


def _locked(pk: int, by: Person) -> tuple[Finding, Free]:
    """Lock the pool and then the finding: a sync writes both in that order."""
    teams.require(by, Action.CAPACITY_EDIT, None)
    finding = Finding.objects.filter(pk=pk).first()
    if finding is None:
        raise NotFoundError
    (pool,) = locked_pools(Q(pk=finding.pool_id)).values()
    rows = Finding.objects.select_for_update(of=("self",)).select_related("pool")
    return rows.get(pk=pk), pool


def _refuse_unless_found(finding: Finding) -> None:
    if finding.status not in FOUND:
        raise ConflictError(f"This use is {finding.state.label.lower()} already.")


def _refuse_beyond_allowances(pool: Free, team: Team, amount: int) -> None:
    for level in levels([pool], team)[pool.pool_id]:
        if level.of and amount > level.left:
            raise ConflictError(
                f"{formats.quantity(amount, pool.unit)} are more than {level.words}: "
                f"{formats.quantity(level.left, pool.unit)} of {formats.number(level.limit)}, "
                f"{level.since}. Raise the allowance first, or adopt a part."
            )


def _explained(note: str, by: Person) -> dict[str, Any]:
    return {"note": note, "explanation": _said(note), "explained_by": by}


def _said(note: str) -> str:
    note = note.strip()
    if not SHORTEST <= len(note) <= LONGEST:
        raise ConflictError(
            f"Say in {SHORTEST} to {LONGEST} characters what it is and who made it."
        )
    return note
