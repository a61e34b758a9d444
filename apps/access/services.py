"""Open, renew and adopt the time slices that usage is attributed by.

Locks are taken in one order: the workload's team, then the resource. So a team that moves and a
grant that opens see each other, and of two who grant the same thing the second waits.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.access.models import Grant
from apps.kernel import audit, formats
from apps.kernel.actors import SYSTEM, Actor
from apps.kernel.errors import ConflictError
from apps.provisioning.events import (
    JobDone,
    ResourceRestored,
    ResourceRetired,
    ResourceRetiring,
)
from apps.provisioning.models import Resource
from apps.teams.events import TeamMoved
from apps.teams.models import Team, Workload

INSTANT = timedelta(microseconds=1)


@transaction.atomic
def open_grant(event: JobDone) -> None:
    """Let the workload that a resource was built for use it; a second telling changes nothing."""
    resource = Resource.objects.select_related("workload").get(pk=event.resource_id)
    facts = _facts_under_lock(resource, resource.workload)
    pair = {"resource": resource, "workload": resource.workload}
    if not Grant.objects.filter(**pair, to_at=None).exists():
        _record("access opened", Grant.objects.create(**pair, **facts), SYSTEM)


@transaction.atomic
def adopt_grant(
    *, resource: Resource, workload: Workload, from_at: datetime, to_at: datetime, by: Actor
) -> Grant | None:
    """Grant a workload the first gap of a past span, with the facts of the resource as it is now.

    A gap is what no other grant of the pair covers of [from_at, to_at), up to now; None says that
    there is none. Raises ConflictError for a span that is not past.
    """
    to_at = min(to_at, timezone.now())
    if from_at >= to_at:
        raise ConflictError(
            f"From {formats.moment_exact(from_at)} to {formats.moment_exact(to_at)} is no past "
            "time. A grant is adopted for a time that begins before it ends, and before now."
        )
    facts = _facts_under_lock(resource, workload)
    pair = {"resource": resource, "workload": workload}
    unended = Q(to_at=None) | Q(to_at__gt=from_at)
    for held in Grant.objects.filter(unended, **pair, from_at__lt=to_at).order_by("from_at"):
        if held.from_at > from_at:
            to_at = held.from_at
            break
        if held.to_at is None or held.to_at >= to_at:
            return None
        from_at = held.to_at
    grant = Grant.objects.create(**pair, **facts, from_at=from_at, to_at=to_at)
    _record("access adopted", grant, by)
    return grant


@transaction.atomic
def renew_grants(*, resources: Collection[Resource], at: datetime, by: Actor) -> list[Grant]:
    """Close the open grants whose facts have changed, and open slices with today's facts at `at`.

    A slice that began at `at` or later has no earlier part to keep: it takes the facts itself.
    """
    keys = [one.pk for one in resources]
    locked = Resource.objects.select_for_update(no_key=True).filter(pk__in=keys)
    held = Grant.objects.filter(resource__in=list(locked.order_by("pk")), to_at=None)
    related = ("resource__environment", "workload__team__business_unit")
    shown = ("team", "business_unit", "environment")
    renewed = [_renew(old, at, by) for old in held.select_related(*related, *shown).order_by("pk")]
    return [grant for grant in renewed if grant]


@transaction.atomic
def close_grants(event: ResourceRetiring) -> None:
    """Let nobody use a resource any more from `at` on."""
    _close(event.resource_id, event.at)


@transaction.atomic
def end_grants(event: ResourceRetired) -> None:
    """Let nothing be open on what does not exist any more."""
    _close(event.resource_id, timezone.now())


@transaction.atomic
def reopen_grants(event: ResourceRestored) -> None:
    """Give back the ways in that were closed when the resource was to end.

    While nobody had access nothing is attributed: who had it gets a slice of its own from now on.
    """
    now = timezone.now()
    Resource.objects.select_for_update(no_key=True).get(pk=event.resource_id)
    closed = Grant.objects.filter(resource=event.resource_id, to_at=event.since)
    for old in closed.select_related("resource", "workload", "team").order_by("pk"):
        if event.since > now:
            old.to_at = None
            old.save(update_fields=["to_at"])
            _record("access opened", old, SYSTEM)
            continue
        facts = _facts_under_lock(old.resource, old.workload)
        pair = {"resource": old.resource, "workload": old.workload}
        _record("access opened", Grant.objects.create(**pair, **facts, from_at=now), SYSTEM)


def _close(resource_id: int, at: datetime) -> None:
    Resource.objects.select_for_update(no_key=True).get(pk=resource_id)
    held = Grant.objects.filter(Q(to_at=None) | Q(to_at__gt=at), resource=resource_id)
    for grant in held.select_related("resource", "workload", "team").order_by("pk"):
        grant.to_at = max(at, grant.from_at + INSTANT)
        grant.save(update_fields=["to_at"])
        _record("access closed", grant, SYSTEM)


def follow_change(event: JobDone) -> None:
    """Attribute usage to the new version from the moment on that a change in place is done."""
    resource = Resource.objects.get(pk=event.resource_id)
    renew_grants(resources=[resource], at=timezone.now(), by=SYSTEM)


def follow_team(event: TeamMoved) -> None:
    """Let the new unit pay for what the team's workloads use from the move on."""
    resources = Resource.objects.filter(grants__team=event.team_id, grants__to_at=None)
    renew_grants(resources=list(resources.distinct()), at=event.at, by=SYSTEM)


def _renew(old: Grant, at: datetime, by: Actor) -> Grant | None:
    facts = _facts(old.resource, old.workload.team)
    changed = [name for name, value in facts.items() if getattr(old, name) != value]
    if not changed:
        return None
    before = {name: str(getattr(old, name)) for name in changed}
    pair = {"resource": old.resource, "workload": old.workload}
    new = Grant(**pair, **facts, from_at=max(old.from_at, at))
    if old.from_at < at:
        old.to_at = at
        old.save(update_fields=["to_at"])
    else:
        new.pk = old.pk
    new.save()
    _record("access renewed", new, by, before, {name: str(facts[name]) for name in changed})
    return new


def _facts_under_lock(resource: Resource, workload: Workload) -> dict[str, Any]:
    """Lock first, then read: a join would lose the row of a team that moved during the wait."""
    team = Team.objects.select_for_update(no_key=True).get(pk=workload.team_id)
    return _facts(Resource.objects.select_for_update(no_key=True).get(pk=resource.pk), team)


def _facts(resource: Resource, team: Team) -> dict[str, Any]:
    """Read what usage is attributed to, as of now."""
    return {
        "team": team,
        "business_unit": team.business_unit,
        "environment": resource.environment,
        **{name: resource.facts.get(name, "") for name in ("model", "version", "sku")},
        "region": resource.region,
    }


def _record(
    verb: str,
    grant: Grant,
    by: Actor,
    before: dict[str, str] | None = None,
    after: dict[str, str] | None = None,
) -> None:
    span = {
        "from_at": grant.from_at.isoformat(),
        "to_at": grant.to_at and grant.to_at.isoformat(),
    }
    audit.record(
        subject=grant.resource.ref,
        subject_name=str(grant.resource),
        verb=verb,
        by=by,
        scope=grant.team.scope,
        before=before,
        after={"workload": grant.workload.slug, "grant": grant.pk, **span, **(after or {})},
    )
