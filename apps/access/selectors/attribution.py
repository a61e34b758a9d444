"""What usage is attributed by: the grant slices of (workload, deployment) pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from django.db import connection
from django.db.models import QuerySet

from apps.kernel.errors import ConflictError, NotFoundError
from apps.provisioning.models import Resource
from apps.teams.models import Workload

Row = TypeVar("Row", Workload, Resource)
MOST = 3  # examples in a sentence
FOREVER_US = 1 << 62
EPOCH_2000_US = 946_684_800_000_000  # PostgreSQL counts from 2000-01-01


Ids = npt.NDArray[np.int64]


class Offer(NamedTuple):
    """What a deployment was of while a slice held: it decides the price."""

    model: str
    version: str
    sku: str
    region: str


@dataclass(frozen=True)
class Slices:
    """Grant slices as columns, equally long: by pair, oldest first.

    A slice holds for usage in [from_us, to_us), in microseconds since 1970 UTC; to_us FOREVER_US:
    until further notice. `offer` is a position in `offers`.
    """

    offers: Sequence[Offer]
    offer: Ids
    workload_id: Ids
    resource_id: Ids
    team_id: Ids
    business_unit_id: Ids
    environment_id: Ids
    from_us: Ids
    to_us: Ids

    def __len__(self) -> int:
        return len(self.offer)


SLICES = """
SELECT model, version, sku, region, string_agg(
    int8send(workload_id) || int8send(resource_id) || int8send(team_id)
    || int8send(business_unit_id) || int8send(environment_id)
    || timestamptz_send(from_at) || timestamptz_send(coalesce(to_at, 'infinity')), ''
)
FROM access_grant
JOIN unnest(translate(%s, '[]', '{}')::bigint[], translate(%s, '[]', '{}')::bigint[])
    AS pair (workload_id, resource_id) USING (workload_id, resource_id)
GROUP BY model, version, sku, region
"""
PACKED = 7  # numbers of 8 bytes, big-endian: PostgreSQL's own binary form


def slices(workload_id: Ids, resource_id: Ids) -> Slices:
    """Return every grant slice of pairs, each named once; one without a grant ever has none.

    One query, however many pairs. What it returns are columns: a batch of usage asks for thousands
    of slices, and rows of Python objects would take longer than storing the batch.
    """
    with connection.cursor() as cursor:
        cursor.execute(SLICES, [str(workload_id.tolist()), str(resource_id.tolist())])
        found = cursor.fetchall()
    parts = [np.frombuffer(packed, ">i8").reshape(-1, PACKED) for *_, packed in found]
    table = np.concatenate([np.empty((0, PACKED), np.int64), *parts]).T
    offer = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    table[-2:] = np.minimum(table[-2:], FOREVER_US - EPOCH_2000_US) + EPOCH_2000_US
    order = np.lexsort((table[-2], table[1], table[0]))
    return Slices([Offer(*row[:-1]) for row in found], offer[order], *table[:, order])


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
