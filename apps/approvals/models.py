"""Policies, steps that a request must pass (frozen at submit), votes, delegations and offers."""

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models.functions import Now

from apps.approvals.states import OFFER_TRANSITIONS, TRANSITIONS, OfferStatus, StepStatus
from apps.requests.models import ResourceRequest


class PolicyVersion(models.Model):
    """One state of the policy document, never changed; exactly one is in force."""

    number = models.PositiveIntegerField(unique=True)
    text = models.TextField()
    note = models.CharField(max_length=300)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    made_at = models.DateTimeField(db_default=Now())
    active = models.BooleanField(default=False)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["active"], condition=models.Q(active=True), name="one_policy_in_force"
            )
        ]

    def __str__(self) -> str:
        return f"policies, version {self.number}"

    @property
    def ref(self) -> str:
        """The text reference used in audit entries."""
        return f"policy:{self.number}"


class Step(models.Model):
    """Some yeses that a request needs, or does not need, and the rules that say so.

    `round` counts submissions: a request that comes back gets new steps, the old ones stay. The
    steps of one `stage` are open at the same time; the next stage opens when each of them is
    approved or not needed. `who` is frozen: {"action": …} for a role in the request's scope, or
    {"people": [ids]}. `needed` counts the yeses that approve it; `inputs` are the facts that it
    looks at, so that a change of others does not ask again. Durations are seconds, None without.
    """

    request = models.ForeignKey(ResourceRequest, models.CASCADE, related_name="steps")
    round = models.PositiveSmallIntegerField(default=1)
    position = models.PositiveSmallIntegerField()
    stage = models.PositiveSmallIntegerField(default=1)
    label = models.CharField(max_length=60)
    action = models.CharField(max_length=30, blank=True)
    who = models.JSONField(default=dict)
    needed = models.PositiveSmallIntegerField(default=1)
    distinct = models.BooleanField(default=False)
    rule = models.CharField(max_length=300)
    rules = models.JSONField(default=list)
    inputs = models.JSONField(default=dict)
    status = models.CharField(max_length=10, choices=StepStatus.choices, default=StepStatus.WAITING)
    opened_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    deadline_s = models.PositiveIntegerField(null=True)
    remind_s = models.PositiveIntegerField(null=True)
    escalate_to = models.JSONField(default=dict)
    due_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)

    TRANSITIONS = TRANSITIONS

    class Meta:
        ordering = ["round", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "round", "position"], name="step_once_per_position"
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=StepStatus.values), name="step_known_status"
            ),
            models.CheckConstraint(condition=models.Q(needed__gt=0), name="step_needs_a_yes"),
        ]
        indexes = [
            models.Index(
                fields=["action", "opened_at", "id"],
                condition=models.Q(status=StepStatus.OPEN),
                name="step_inbox",
            ),
            models.Index(
                fields=["due_at"],
                condition=models.Q(status=StepStatus.OPEN),
                name="step_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} on {self.request_id}"

    @property
    def ref(self) -> str:
        """The text reference used in audit entries."""
        return f"step:{self.pk}"

    @property
    def scope(self) -> str:
        """The scope of the request."""
        return self.request.scope

    @property
    def state(self) -> StepStatus:
        """The status with its label and tone."""
        return StepStatus(self.status)


class Approver(models.Model):
    """Somebody who may decide on one step by name: named, escalated to, or assigned."""

    step = models.ForeignKey(Step, models.CASCADE, related_name="approvers")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    why = models.CharField(max_length=200)
    since_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["step", "person"], name="approver_once_per_step")
        ]

    def __str__(self) -> str:
        return f"{self.person} on {self.step_id}"


class Decision(models.Model):
    """One person's vote on one step; never changed.

    `voice` is whose say it is: the person's own, or that of somebody they act for. `requester` is
    a copy, so that the database itself refuses a vote of, or for, whoever asked.
    """

    class Verdict(models.TextChoices):
        """Yes or no."""

        APPROVE = "approve", "Approved"
        REJECT = "reject", "Rejected"

    step = models.ForeignKey(Step, models.CASCADE, related_name="decisions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    voice = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    requester = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    reason = models.TextField(blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["step", "person"], name="one_vote_per_person"),
            models.UniqueConstraint(fields=["step", "voice"], name="one_vote_per_voice"),
            models.CheckConstraint(
                condition=~models.Q(verdict="reject", reason=""), name="a_no_has_a_reason"
            ),
            models.CheckConstraint(
                condition=~models.Q(person=models.F("requester"))
                & ~models.Q(voice=models.F("requester")),
                name="nobody_decides_on_their_own",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()} by {self.person_id}"

    @property
    def is_no(self) -> bool:
        """Say whether this vote refused."""
        return self.verdict == self.Verdict.REJECT


class Delegation(models.Model):
    """Somebody acts for somebody else in [from_at, to_at); one person at a time."""

    by_person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    to_person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    from_at = models.DateTimeField()
    to_at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(from_at__lte=models.F("to_at")), name="delegation_ends_after"
            ),
            models.CheckConstraint(
                condition=~models.Q(by_person=models.F("to_person")), name="delegation_to_another"
            ),
            ExclusionConstraint(
                name="one_delegate_at_a_time",
                expressions=[
                    ("by_person", RangeOperators.EQUAL),
                    (
                        models.Func("from_at", "to_at", function="tstzrange"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
        ]
        indexes = [models.Index(fields=["to_person", "to_at"], name="delegation_to")]

    def __str__(self) -> str:
        return f"{self.to_person} for {self.by_person}"

    @property
    def ref(self) -> str:
        """The text reference used in audit entries."""
        return f"delegation:{self.pk}"


class Offer(models.Model):
    """A yes to something else: less, elsewhere, or until a day; the team accepts it or not.

    `changes` maps fields of the payload to what is offered, as typed; `until_on` is the last day.
    """

    request = models.ForeignKey(ResourceRequest, models.CASCADE, related_name="offers")
    step = models.ForeignKey(Step, models.CASCADE, related_name="offers")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    voice = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    changes = models.JSONField(default=dict)
    until_on = models.DateField(null=True)
    note = models.TextField()
    status = models.CharField(max_length=10, choices=OfferStatus.choices, default=OfferStatus.OPEN)
    at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    TRANSITIONS = OFFER_TRANSITIONS

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["request"],
                condition=models.Q(status=OfferStatus.OPEN),
                name="one_open_offer_per_request",
            ),
            models.CheckConstraint(
                condition=~models.Q(changes={}) | models.Q(until_on__isnull=False),
                name="offer_offers_something",
            ),
            models.CheckConstraint(condition=~models.Q(note=""), name="offer_says_why"),
        ]

    def __str__(self) -> str:
        return f"offer on {self.request_id}"

    @property
    def ref(self) -> str:
        """The text reference used in audit entries."""
        return f"offer:{self.pk}"

    @property
    def scope(self) -> str:
        """The scope of the request."""
        return self.request.scope

    @property
    def state(self) -> OfferStatus:
        """The status with its label and tone."""
        return OfferStatus(self.status)
