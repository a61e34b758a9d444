"""What usage is attributed by: the grant slices of (workload, deployment) pairs."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeVar

from django.db import connection
from django.db.models import QuerySet

from apps.kernel.errors import ConflictError, NotFoundError
from apps.provisioning.models import Resource
from apps.teams.models import Workload

Row = TypeVar("Row", Workload, Resource)
MOST = 3  # examples in a sentence


class Slice(NamedTuple):
    """What holds for the usage of a pair in [from_at, to_at); to_at None: until further notice."""

    workload_id: int
    resource_id: int
    team_id: int
    business_unit_id: int
    environment_id: int
    model: str
    version: str
    sku: str
    region: str
    from_at: datetime
    to_at: datetime | None


TIMES = ("from_at", "to_at")
# Times without their zone: Django reads those with one in Python, which takes the longest of all.
COLUMNS = ", ".join(
    f"access_grant.{name}" + (" AT TIME ZONE 'UTC'" if name in TIMES else "")
    for name in Slice._fields
)
SLICES = f"""
SELECT {COLUMNS}
FROM access_grant
JOIN unnest(%s::bigint[], %s::bigint[]) AS pair (workload_id, resource_id)
USING (workload_id, resource_id)
ORDER BY workload_id, resource_id, from_at
"""  # noqa: S608


def slices(pairs: Collection[tuple[int, int]]) -> list[Slice]:
    """Return every grant slice of (workload_id, resource_id) pairs, by pair, oldest first.

    One query, however many pairs; a pair that never had a grant has no slice.
    """
    workloads, resources = zip(*set(pairs), strict=True) if pairs else ((), ())
    with connection.cursor() as cursor:
        cursor.execute(SLICES, [list(workloads), list(resources)])
        return [_slice(row) for row in cursor.fetchall()]


def _slice(row: tuple[Any, ...]) -> Slice:
    return Slice(*row[:-2], *(at and at.replace(tzinfo=UTC) for at in row[-2:]))


def find_pair(*, workload: str, deployment: str) -> tuple[Workload, Resource]:
    """Find a workload by `team/workload` or its own slug, a deployment by name or `resource:ID`.

    Raises NotFoundError or ConflictError; the sentence says what would pass.
    """
    return _workload(workload), _deployment(deployment)


def _workload(wanted: str) -> Workload:
    team, _, slug = wanted.rpartition("/")
    every = Workload.objects.select_related("team__business_unit").order_by("team__slug", "slug")
    same = every.filter(slug=slug)
    found = same.filter(team__slug=team) if team else same
    near = [f"{one.team.slug}/{one.slug}" for one in (same or every)[:MOST]]
    return _only(found, f"workload “{wanted}”", "team/workload", near)


def _deployment(wanted: str) -> Resource:
    every = Resource.objects.select_related("team__business_unit").order_by("-pk")
    number = wanted.removeprefix("resource:")
    by_number = number != wanted and number.isdecimal()
    found = every.filter(pk=number) if by_number else every.filter(name=wanted)
    near = [f"{one.ref} ({one.name}, {one.region})" for one in (found or every)[:MOST]]
    return _only(found, f"deployment “{wanted}”", "resource:ID", near)


def _only(found: QuerySet[Row], what: str, how: str, near: list[str]) -> Row:
    rows = list(found[:2])
    if len(rows) == 1:
        return rows[0]
    names = " or ".join(filter(None, [", ".join(near[:-1]), *near[-1:]]))
    such_as = f"Name it as {how}, such as {names}." if near else "There is none at all yet."
    if rows:
        raise ConflictError(f"There is more than one {what}. {such_as}")
    raise NotFoundError(f"There is no {what}. {such_as}")
