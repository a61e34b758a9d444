"""Steps that a request must pass, frozen at submit, and the votes on them."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from apps.approvals.states import TRANSITIONS, StepStatus
from apps.requests.models import ResourceRequest
from apps.teams.roles import Action


class Step(models.Model):
    """One yes that a request needs, or does not need, and the rule that says so.

    `round` counts submissions: a request that comes back gets new steps, the old ones stay.
    """

    request = models.ForeignKey(ResourceRequest, models.CASCADE, related_name="steps")
    round = models.PositiveSmallIntegerField(default=1)
    position = models.PositiveSmallIntegerField()
    label = models.CharField(max_length=60)
    action = models.CharField(max_length=30, choices=Action.choices)
    rule = models.CharField(max_length=300)
    status = models.CharField(max_length=10, choices=StepStatus.choices, default=StepStatus.WAITING)
    opened_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    TRANSITIONS = TRANSITIONS

    class Meta:
        ordering = ["round", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "round", "position"], name="step_once_per_position"
            ),
            models.UniqueConstraint(
                fields=["request"],
                condition=models.Q(status=StepStatus.OPEN),
                name="one_open_step_per_request",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=StepStatus.values), name="step_known_status"
            ),
        ]
        indexes = [
            models.Index(
                fields=["action", "opened_at", "id"],
                condition=models.Q(status=StepStatus.OPEN),
                name="step_inbox",
            )
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


class Decision(models.Model):
    """One person's vote on one step; never changed."""

    class Verdict(models.TextChoices):
        """Yes or no."""

        APPROVE = "approve", "Approved"
        REJECT = "reject", "Rejected"

    step = models.ForeignKey(Step, models.CASCADE, related_name="decisions")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    reason = models.TextField(blank=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["step", "person"], name="one_vote_per_person"),
            models.CheckConstraint(
                condition=~models.Q(verdict="reject", reason=""), name="a_no_has_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()} by {self.person_id}"

    @property
    def is_no(self) -> bool:
        """Say whether this vote refused."""
        return self.verdict == self.Verdict.REJECT
