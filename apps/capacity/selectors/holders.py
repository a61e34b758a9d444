"""One pool as a viewer may see it: who holds what, how it is split, what was found.

What is free everybody sees; who took the rest only whoever may see that team's requests. The
others are added up, so that the parts always make the whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, Sum

from apps.capacity.models import Commitment, Finding, Hold, Pool, RealCapacity
from apps.capacity.protocols import ACCOUNTS, DEPLOYMENTS, VCPU
from apps.capacity.selectors.pools import Free, frees, label_of, sku_of
from apps.capacity.selectors.split import Split, split_of
from apps.capacity.states import LIVE, FindingStatus
from apps.kernel.errors import ConflictError, NotFoundError
from apps.kernel.models import AuditEntry
from apps.teams import selectors as teams
from apps.teams.models import BusinessUnit, Person, Team
from apps.teams.roles import Action
from apps.teams.selectors import Reach

MOST_HOLDS, MOST_ENTRIES, MOST_VERSIONS = 100, 10, 30


@dataclass(frozen=True)
class Node:
    """A level of the tree: a unit, a team of it (`inside`), or others added up (no `key`).

    `limit` is None where no allowance is set.
    """

    key: str
    name: str
    promised: int
    limit: int | None = None
    inside: bool = False
    over_commit: bool = False

    @property
    def id(self) -> str:
        """Name its elements on the page."""
        return self.key.replace(":", "-")

    @property
    def words(self) -> str:
        """Say the bar."""
        return f"{self.name}: {self.promised} promised of {self.limit}"

    @property
    def left(self) -> int | None:
        """What may still be promised within the allowance."""
        return None if self.limit is None else max(0, self.limit - self.promised)


@dataclass(frozen=True)
class Holders:
    """The live holds that a viewer may see, the largest first; the others as one sum."""

    rows: Sequence[Hold]
    others: int


def pool_row(pk: int) -> Free:
    """Return one pool of a region; a place on an account is no page of its own."""
    found = frees(Pool.objects.filter(pk=pk, placement=None))
    if not found:
        raise NotFoundError
    return found[0]


def may_be_split(pool: Free) -> bool:
    """Say whether allowances make sense: accounts belong to the platform."""
    return pool.meter not in (ACCOUNTS, DEPLOYMENTS)


def holders_of(viewer: Person, pool: Free) -> Holders:
    """Return who holds something of a pool, within the viewer's reach; two queries."""
    live = Hold.objects.filter(pool=pool.pool_id, status__in=LIVE, amount__gt=0)
    rows = live.filter(_within(teams.reach(viewer, Action.REQUEST_READ)))
    shown = list(rows.select_related("team").order_by("-amount", "pk")[:MOST_HOLDS])
    total = live.aggregate(total=Sum("amount", default=0))["total"]
    return Holders(shown, total - sum(row.amount for row in shown))


def tree_of(viewer: Person, pool: Free) -> list[Node]:
    """Lay out units and their teams with allowance and promises, within the viewer's reach."""
    if not may_be_split(pool):
        return []
    split, reach = split_of(pool.pool_id), teams.reach(viewer, Action.REQUEST_READ)
    named = {*split.promised, *split.teams}
    units = {*split.units, *(split.unit_of[team] for team in named)}
    known_teams = Team.objects.in_bulk(named | reach.teams)
    own = {known_teams[team].business_unit_id for team in reach.teams}
    known = BusinessUnit.objects.filter(pk__in=units).order_by("name")
    shown = [u for u in known if reach.everywhere or u.pk in reach.units | own]
    nodes = [node for unit in shown for node in _branch(unit, split, known_teams, reach)]
    rest = sum(split.promised.values()) - sum(split.promised_to(unit) for unit in shown)
    return [*nodes, *([Node("", "Other business units", rest)] if rest else [])]


def _branch(unit: BusinessUnit, split: Split, known: dict[int, Team], reach: Reach) -> list[Node]:
    whole = reach.everywhere or unit.pk in reach.units
    inside = [
        team
        for team in sorted(known.values(), key=lambda team: team.name)
        if split.unit_of.get(team.pk) == unit.pk and (whole or team.pk in reach.teams)
    ]
    rest = split.promised_to(unit) - sum(split.promised_to(team) for team in inside)
    return [
        _node(f"unit:{unit.pk}", unit, split),
        *(_node(f"team:{team.pk}", team, split) for team in inside),
        *([Node("", "Other teams", rest, inside=True)] if rest else []),
    ]


def _node(key: str, owner: BusinessUnit | Team, split: Split) -> Node:
    allowance = split.of(owner)
    return Node(
        key,
        owner.name,
        split.promised_to(owner),
        limit=allowance.limit if allowance else None,
        inside=isinstance(owner, Team),
        over_commit=bool(allowance and allowance.over_commit),
    )


def findings_of(viewer: Person, pool: Free) -> list[Finding]:
    """List what was found in a pool and is not gone, for those who see the whole platform."""
    if not teams.reach(viewer, Action.REQUEST_READ).everywhere:
        return []
    rows = Finding.objects.filter(pool=pool.pool_id).exclude(status=FindingStatus.GONE)
    return list(rows.select_related("explained_by", "pool").order_by("-first_seen_at", "-pk"))


@dataclass(frozen=True)
class Found:
    """A finding and the pool it is in, in words."""

    finding: Finding
    where: str


def open_findings(viewer: Person, *, most: int = 5) -> list[Found]:
    """List what nobody has explained yet, for those who can."""
    if not teams.may(viewer, Action.CAPACITY_EDIT, None):
        return []
    rows = Finding.objects.filter(status=FindingStatus.OPEN).select_related("pool__subscription")
    return [
        Found(one, f"{label_of(one.pool.meter)}, {one.pool.region}")
        for one in rows.order_by("-first_seen_at", "pk")[:most]
    ]


def history_of(viewer: Person, pool: Free) -> list[AuditEntry]:
    """List what was done to a pool's allowances and findings, as far as the viewer may read it."""
    found = [f"finding:{pk}" for pk in _finding_ids(pool)]
    trail = teams.audit_trail(viewer).filter(subject__in=[f"pool:{pool.pool_id}", *found])
    return list(trail.order_by("-id")[:MOST_ENTRIES])


def machines_for(pool: Free) -> list[RealCapacity]:
    """List what Azure's machines can take of the pool's model versions."""
    if pool.unit in (ACCOUNTS, VCPU):
        return []
    rows = RealCapacity.objects.filter(
        subscription__tier=pool.tier, region=pool.region, sku=sku_of(pool.meter)
    )
    model = pool.meter.split(".", 2)[2:]
    if model:
        rows = rows.filter(model=model[0])
    return list(rows.order_by("model", "-version")[:MOST_VERSIONS])


def owners() -> list[tuple[str, str]]:
    """List whom an allowance can be set for, as (key, name): units, each with its teams."""
    found = []
    units = BusinessUnit.objects.prefetch_related("teams").order_by("name")
    for unit in units:
        found.append((f"unit:{unit.pk}", unit.name))
        inside = sorted(unit.teams.all(), key=lambda team: team.name)
        found += [(f"team:{team.pk}", f"{unit.name}: {team.name}") for team in inside]
    return found


def owner_named(key: str) -> BusinessUnit | Team:
    """Return the unit or team that a form names (`unit:3`, `team:5`)."""
    kind, _, pk = key.partition(":")
    model: type[BusinessUnit] | type[Team] = Team if kind == "team" else BusinessUnit
    known = kind in ("unit", "team") and pk.isascii() and pk.isdigit() and len(pk) < 10
    found = model.objects.filter(pk=int(pk)).first() if known else None
    if found is None:
        raise ConflictError("Choose one of the units and teams that there are.")
    return found


def team_named(key: str) -> Team:
    """Return the team that a form names (`team:5`)."""
    found = owner_named(key)
    if not isinstance(found, Team):
        raise ConflictError("Only a team can have made it: choose one.")
    return found


def finding_row(pk: int) -> Finding:
    """Return one finding."""
    found = Finding.objects.filter(pk=pk).first()
    if found is None:
        raise NotFoundError
    return found


@dataclass(frozen=True)
class Committed:
    """What a unit's approved requests are expected to cost a month at list price.

    `unknown` counts those of which nobody knows it; they are not in the sum, which is None where
    nobody knows any.
    """

    unit: BusinessUnit
    list_cost_nano: int | None
    count: int
    unknown: int


def committed(viewer: Person) -> list[Committed]:
    """Add up what is committed per unit, as far as the viewer may see cost; two queries."""
    reach = teams.reach(viewer, Action.USAGE_READ)
    rows = Commitment.objects.filter(to_on=None).filter(_within(reach, "business_unit"))
    sums = rows.values_list("business_unit").annotate(
        nano=Sum("list_cost_nano"),
        count=Count("pk"),
        unknown=Count("pk", filter=Q(list_cost_nano=None)),
    )
    found = {unit: counted for unit, *counted in sums.order_by()}
    units = BusinessUnit.objects.filter(pk__in=found).order_by("name")
    return [_committed(unit, *found[unit.pk]) for unit in units]


def _committed(unit: BusinessUnit, nano: int | None, count: int, unknown: int) -> Committed:
    return Committed(unit, None if nano is None else int(nano), count, unknown)


def _finding_ids(pool: Free) -> QuerySet[Finding, int]:
    return Finding.objects.filter(pool=pool.pool_id).values_list("pk", flat=True)


def _within(reach: Reach, unit: str = "team__business_unit") -> Q:
    if reach.everywhere:
        return Q()
    return Q(team__in=reach.teams) | Q(**{f"{unit}__in": reach.units})
