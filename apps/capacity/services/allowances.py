"""Split pools between units and teams; every rule is checked under the pool's lock."""

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.capacity.models import Allowance, Hold
from apps.capacity.protocols import ACCOUNTS, Moved
from apps.capacity.selectors import Free
from apps.capacity.selectors.split import Owner, Split, holders, split_of, sum_of
from apps.capacity.services.locks import locked_pools, locked_team
from apps.capacity.states import LIVE
from apps.kernel import audit, formats
from apps.kernel.actors import Actor
from apps.kernel.errors import ConflictError, NotFoundError
from apps.teams import services as teams
from apps.teams.models import BusinessUnit, Person, Team
from apps.teams.roles import Action

MOST_NAMED = 5


@transaction.atomic
def set_allowance(
    *, pool_id: int, owner: Owner, limit: int | None, over_commit: bool = False, by: Actor
) -> None:
    """Let a unit or team take so much of a pool at most; None takes the allowance away.

    Refused: less than is promised already, with the holders; teams' allowances beyond their
    unit's; and, unless `over_commit` says that it is meant, allowances beyond the pool's limit.
    """
    if isinstance(by, Person):
        teams.require(by, Action.CAPACITY_EDIT, None)
    if isinstance(owner, Team):
        owner = locked_team(owner.pk)
    pool = _locked_pool(pool_id)
    split = split_of(pool_id)
    old = split.of(owner)
    rules = _Rules(pool, split, owner)
    if limit is not None:
        rules.refuse_less_than_promised(limit)
        rules.refuse_beyond_unit(limit)
    if not over_commit:
        rules.refuse_beyond_pool(limit)
    _write(pool, owner, limit, over_commit=over_commit)
    audit.record(
        subject=f"pool:{pool_id}",
        subject_name=f"{owner}: {pool.label}, {pool.region}",
        verb="set an allowance" if limit is not None else "took an allowance away",
        scope=owner.scope,
        before={"allowance": formats.quantity(old.limit, pool.unit)} if old else {},
        after={}
        if limit is None
        else {
            "allowance": formats.quantity(limit, pool.unit),
            **({"more than the pool": "meant"} if over_commit else {}),
        },
        by=by,
    )


def refuse_move(event: Moved) -> None:
    """Refuse that a team moves to a unit whose allowances are too small for what it brings along.

    A team keeps its promises and its allowances; in the new unit they count against the unit's.
    """
    team, unit = Team.objects.get(pk=event.team_id), BusinessUnit.objects.get(pk=event.to_unit_id)
    brings = Q(pk__in=Hold.objects.filter(team=team, status__in=LIVE).values("pool"))
    brings |= Q(pk__in=Allowance.objects.filter(team=team).values("pool"))
    problems = [
        problem
        for pool in locked_pools(brings).values()
        if (problem := _too_small(pool, split_of(pool.pool_id), team, unit))
    ]
    if problems:
        raise ConflictError(
            f"{team} takes along what it was promised, and {unit} has no room for it. "
            + " ".join(problems)
        )


def _too_small(pool: Free, split: Split, team: Team, unit: BusinessUnit) -> str:
    where, allowance = f"{pool.label} in {pool.region}", split.of(unit)
    if allowance:
        need = max(split.promised_to(unit), sum_of(split.inside(unit.pk)))
        if need <= allowance.limit:
            return ""
        return (
            f"{where}: it would have {formats.quantity(need, pool.unit)} of an allowance of "
            f"{formats.number(allowance.limit)}; raise that to {formats.number(need)} first."
        )
    own, total = split.of(team), sum_of(split.top())
    if own is None or own.over_commit or total <= pool.limit:
        return ""
    return (
        f"{where}: {unit} has no allowance, so that of {team} would count against the pool, and "
        f"{formats.quantity(total, pool.unit)} would be allowed of {formats.number(pool.limit)}; "
        f"lower the allowance of {team} by {formats.number(total - pool.limit)} first."
    )


def _locked_pool(pk: int) -> Free:
    found = list(locked_pools(Q(pk=pk, placement=None)).values())
    if not found:
        raise NotFoundError
    if found[0].meter == ACCOUNTS:
        raise ConflictError(
            "Accounts belong to the platform, so there is nothing to split: set an allowance on "
            "the pool of a model, of PTU or of vCPU."
        )
    return found[0]


def _write(pool: Free, owner: Owner, limit: int | None, *, over_commit: bool) -> None:
    whose = {"team": owner} if isinstance(owner, Team) else {"business_unit": owner}
    if limit is None:
        Allowance.objects.filter(pool=pool.pool_id, **whose).delete()
        return
    changes = {"limit": limit, "over_commit": over_commit, "changed_at": timezone.now()}
    Allowance.objects.update_or_create(pool_id=pool.pool_id, **whose, defaults=changes)


class _Rules:
    """What an allowance of `owner` has to keep; each says what would pass."""

    def __init__(self, pool: Free, split: Split, owner: Owner) -> None:
        self.pool, self.split, self.owner = pool, split, owner
        self.old = split.of(owner)
        self.where = f"{pool.label} in {pool.region}"

    def refuse_less_than_promised(self, limit: int) -> None:
        """Refuse less than the owner's live holds, and name them."""
        promised = self.split.promised_to(self.owner)
        if limit >= promised:
            return
        found = holders(self.pool.pool_id, self.owner)
        named = [f"{one.why}, {self._amount(one.amount)}" for one in found[:MOST_NAMED]]
        more = found.count() - len(named)
        raise ConflictError(
            f"{self.owner} was promised {self._amount(promised)} of {self.where} already, so its "
            f"allowance cannot be {self._amount(limit)}. They are held by: {'; '.join(named)}"
            f"{f'; and {more} more' if more else ''}. "
            f"{self._amount(promised)} or more would pass."
        )

    def refuse_beyond_unit(self, limit: int) -> None:
        """Refuse that the allowances of a unit's teams add up to more than the unit's."""
        if isinstance(self.owner, BusinessUnit):
            inside = sum_of(self.split.inside(self.owner.pk))
            if limit < inside:
                raise ConflictError(
                    f"The teams of {self.owner} have allowances of {self._amount(inside)} of "
                    f"{self.where} together. Lower theirs first, or set {self._amount(inside)} or "
                    "more."
                )
            return
        unit = self.owner.business_unit
        above, had = self.split.of(unit), self.old.limit if self.old else 0
        if above is None or limit <= had:
            return
        others = sum_of(self.split.inside(unit.pk)) - had
        if others + limit > above.limit:
            room = max(0, above.limit - others)
            raise ConflictError(
                f"{unit} has an allowance of {self._amount(above.limit)} of {self.where}, and its "
                f"other teams have {self._amount(others)} of it. {self._amount(room)} or less "
                f"would pass, or a higher allowance of {unit} first."
            )

    def refuse_beyond_pool(self, limit: int | None) -> None:
        """Refuse that what is allowed of the pool grows beyond its limit."""
        before, after = sum_of(self.split.top()), self._top_with(limit)
        if after <= max(self.pool.limit, before):
            return
        room = max(0, self.pool.limit - (after - (limit or 0)))
        raise ConflictError(
            f"{self._amount(after)} of {self.where} would be allowed, and Azure’s limit is "
            f"{self._amount(self.pool.limit)}, {formats.as_of(self.pool.synced_at)}. "
            f"{self._amount(room)} or less would pass. If more is meant to be allowed than there "
            "is, say so: then who comes first gets it."
        )

    def _top_with(self, limit: int | None) -> int:
        """Add up what would be allowed directly of the pool with this allowance."""
        total = sum_of(self.split.top())
        if isinstance(self.owner, Team):
            if self.split.of(self.owner.business_unit):
                return total
            return total - (self.old.limit if self.old else 0) + (limit or 0)
        inside = sum_of(self.split.inside(self.owner.pk))
        before = self.old.limit if self.old else inside
        return total - before + (inside if limit is None else limit)

    def _amount(self, amount: int) -> str:
        return formats.quantity(amount, self.pool.unit)
