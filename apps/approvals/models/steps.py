"""Steps that a request must pass (frozen at submit), who may decide on them, and votes."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from apps.approvals.states import TRANSITIONS, StepStatus
from apps.requests.models import ResourceRequest


class Round(models.Model):
    """One submission of a request, and what the policies said of it then.

    `hits` are the rules with what came of each, in words. It expires `lasts` after the submit, or
    after a question that nobody answers; while a question is open (`paused_at`) no other clock
    runs. `ended_at` is when nothing was left to decide.
    """

    request = models.ForeignKey(ResourceRequest, models.CASCADE, related_name="rounds")
    number = models.PositiveSmallIntegerField()
    policy = models.PositiveIntegerField(null=True)
    hits = models.JSONField(default=list)
    lasts = models.DurationField(null=True)
    expires_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "number"], name="round_once_per_number")
        ]
        indexes = [
            models.Index(
                fields=["expires_at"],
                condition=models.Q(ended_at=None),
                name="round_expires",
            )
        ]

    def __str__(self) -> str:
        return f"submission {self.number} of {self.request_id}"


class Step(models.Model):
    """Some yeses that a request needs, or does not need, and the rules that say so.

    `round` counts submissions: a request that comes back gets new steps, the old ones stay. The
    steps of one `stage` are open at the same time; the next stage opens when each of them is
    approved or not needed. `who` is frozen: {"action": …} for a role in the request's scope, or
    {"people": [ids], "group": …}; with "all" everybody of them has to say yes. `action` is empty
    where only its Approvers decide. `needed` counts the yeses that approve it; `inputs` are the
    facts that it looks at, so that a change of others does not ask again. `asked_by` are the ids of
    all who have submitted the request so far: they decide nothing here. Durations are seconds,
    None without; `due_at` and `remind_at` stand still while a question is open.
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
    asked_by = models.JSONField(default=list)
    status = models.CharField(max_length=10, choices=StepStatus.choices, default=StepStatus.WAITING)
    opened_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    deadline_s = models.PositiveIntegerField(null=True)
    remind_s = models.PositiveIntegerField(null=True)
    escalate_to = models.JSONField(default=dict)
    due_at = models.DateTimeField(null=True)
    remind_at = models.DateTimeField(null=True)
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
            models.Index(
                fields=["remind_at"],
                condition=models.Q(status=StepStatus.OPEN),
                name="step_remind",
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
    """Somebody who may decide on one step by name: named, one of all, escalated to, or assigned.

    With `action` only as long as their role allows it in the request's scope.
    """

    step = models.ForeignKey(Step, models.CASCADE, related_name="approvers")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    action = models.CharField(max_length=30, blank=True)
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
    a copy, so that the database itself refuses a vote of, or for, whoever asked. `carried_from` is
    the vote of an earlier submission that this one repeats, as nothing it looked at has changed.
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
    carried_from = models.ForeignKey("self", models.PROTECT, null=True, related_name="+")
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
