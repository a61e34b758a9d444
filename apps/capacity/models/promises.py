"""What may be taken out of a pool, what is promised to whom, its cost, and what others took."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from apps.capacity.models.places import Pool
from apps.capacity.states import (
    FINDING_TRANSITIONS,
    FOUND,
    LIVE,
    TRANSITIONS,
    FindingStatus,
    HoldStatus,
)
from apps.teams.models import BusinessUnit, Team


class Allowance(models.Model):
    """The most that a business unit, or a team of it, may take out of a pool; no promise.

    Where none is set only the levels above limit. `over_commit` says that whoever set it knew that
    the allowances of the pool add up to more than its limit. Services write it under the pool's
    lock, and see to it there that the allowances of a unit's teams stay within the unit's.
    """

    pool = models.ForeignKey(Pool, models.PROTECT, related_name="allowances")
    business_unit = models.ForeignKey(BusinessUnit, models.PROTECT, null=True, related_name="+")
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="+")
    limit = models.BigIntegerField()
    over_commit = models.BooleanField(default=False)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["pool", "business_unit", "team"],
                name="allowance_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(business_unit__isnull=True, team__isnull=False)
                | Q(business_unit__isnull=False, team__isnull=True),
                name="allowance_of_one",
            ),
            models.CheckConstraint(condition=Q(limit__gte=0), name="allowance_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.team or self.business_unit}, {self.pool}"


class Hold(models.Model):
    """What one subject (`request:42`) was promised out of one pool.

    `team` is whose allowance it counts against, nobody's for an account; `until_at` ends a promise
    that nobody has confirmed. A change of something built holds only what it needs beyond the
    promise of `instead_of`, in the same pool nothing perhaps; once built it takes that promise
    over, and its amount `becomes` the whole.
    """

    pool = models.ForeignKey(Pool, models.PROTECT, related_name="holds")
    subject = models.CharField(max_length=60)
    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="holds")
    amount = models.BigIntegerField()
    instead_of = models.CharField(max_length=60, blank=True)
    becomes = models.BigIntegerField(null=True)
    status = models.CharField(max_length=10, choices=HoldStatus.choices, default=HoldStatus.HELD)
    why = models.CharField(max_length=300)
    until_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())

    TRANSITIONS = TRANSITIONS

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0) | Q(amount=0, becomes__gt=0), name="hold_positive"
            ),
            models.CheckConstraint(
                condition=Q(status__in=HoldStatus.values), name="hold_known_status"
            ),
            models.CheckConstraint(
                condition=Q(until_at__isnull=True)
                | Q(status__in=[HoldStatus.HELD, HoldStatus.RELEASED, HoldStatus.EXPIRED]),
                name="hold_ends_only_while_held",
            ),
            models.UniqueConstraint(
                fields=["pool", "subject"],
                condition=Q(status__in=LIVE),
                name="hold_once_per_subject",
            ),
        ]
        indexes = [
            models.Index(
                fields=["pool"],
                include=["status", "amount", "team"],
                condition=Q(status__in=LIVE),
                name="hold_live",
            ),
            models.Index(fields=["subject"], name="hold_subject"),
            models.Index(
                fields=["instead_of"], condition=~Q(instead_of=""), name="hold_instead_of"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pool}, {self.amount} for {self.subject}"

    @property
    def ref(self) -> str:
        """The text reference used in audit entries."""
        return f"hold:{self.pk}"

    @property
    def scope(self) -> str:
        """Holds are the platform's."""
        return ""

    @property
    def number(self) -> str:
        """What people call the holder: `REQ-42`; of `why` the part before the colon."""
        return self.why.partition(": ")[0]

    @property
    def what(self) -> str:
        """What it is for; of `why` the part after the colon."""
        return self.why.partition(": ")[2]

    @property
    def request_id(self) -> str:
        """The number of the request that holds it, for a link; empty for other subjects."""
        kind, _, number = self.subject.partition(":")
        return number if kind == "request" else ""

    @property
    def state(self) -> HoldStatus:
        """The status with its label and tone."""
        return HoldStatus(self.status)


class Commitment(models.Model):
    """What an approved subject is expected to cost a month at list price, and whom.

    It runs from a (UTC) day until before another; a team that moves to another unit ends it there
    and begins a new one. A cost that nobody knows is NULL. Nothing is refused because of it.
    """

    subject = models.CharField(max_length=60)
    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    business_unit = models.ForeignKey(BusinessUnit, models.PROTECT, related_name="+")
    list_cost_nano = models.BigIntegerField(null=True)
    from_on = models.DateField()
    to_on = models.DateField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject"], condition=Q(to_on__isnull=True), name="commitment_once"
            ),
            models.CheckConstraint(
                condition=Q(to_on__isnull=True) | Q(to_on__gte=F("from_on")),
                name="commitment_ends_after_it_begins",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} of {self.team}"


class Finding(models.Model):
    """What Azure counts in a pool beyond what the portal built: somebody deployed by hand.

    `deployments` are those on our accounts that carry no request of ours, {name, account, amount}:
    what it may be, as far as Azure tells. Adopted, it is held for a team under the subject
    `finding:ID`, as built.
    """

    pool = models.ForeignKey(Pool, models.PROTECT, related_name="findings")
    amount = models.BigIntegerField()
    status = models.CharField(
        max_length=10, choices=FindingStatus.choices, default=FindingStatus.OPEN
    )
    deployments = models.JSONField(default=list)
    explanation = models.CharField(max_length=300, blank=True)
    explained_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    first_seen_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    TRANSITIONS = FINDING_TRANSITIONS

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="finding_positive"),
            models.CheckConstraint(
                condition=Q(status__in=FindingStatus.values), name="finding_known_status"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=[FindingStatus.EXPLAINED, FindingStatus.ADOPTED])
                | (~Q(explanation="") & Q(explained_by__isnull=False)),
                name="finding_explained_by_somebody",
            ),
            models.UniqueConstraint(
                fields=["pool"], condition=Q(status__in=FOUND), name="finding_once_per_pool"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.pool.unit} of {self.pool}, made past the portal"

    @property
    def ref(self) -> str:
        """The text reference: of its hold once adopted, and in audit entries."""
        return f"finding:{self.pk}"

    @property
    def scope(self) -> str:
        """Findings are the platform's."""
        return ""

    @property
    def state(self) -> FindingStatus:
        """The status with its label and tone."""
        return FindingStatus(self.status)
