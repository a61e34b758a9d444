"""Requests and what is said about them."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from apps.requests.states import OPEN, TRANSITIONS, RequestStatus
from apps.teams.models import Environment, Team, Workload


class ResourceRequest(models.Model):
    """What a team asked for, and where the ask stands.

    A draft's `payload` is what was typed, unchecked; from submit on it is validated and frozen,
    with the estimate of that moment. `workload` and `environment` are set at submit at the latest.
    A change, a renewal or a decommission is a new request `about` an old resource (`resource:42`),
    begun when that was as `before` had it built.
    """

    class Act(models.TextChoices):
        """What is to happen: something new, or something to what was built."""

        NEW = "new", "New"
        CHANGE = "change", "Change"
        RENEW = "renew", "Renew"
        DECOMMISSION = "decommission", "Decommission"

    act = models.CharField(max_length=12, choices=Act.choices, default=Act.NEW)
    about = models.CharField(max_length=40, blank=True)
    before = models.ForeignKey("self", models.PROTECT, null=True, related_name="acts")
    kind = models.CharField(max_length=40)
    team = models.ForeignKey(Team, models.PROTECT, related_name="requests")
    workload = models.ForeignKey(Workload, models.PROTECT, null=True, related_name="requests")
    environment = models.ForeignKey(Environment, models.PROTECT, null=True)
    requester = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="requests")
    title = models.CharField(max_length=200)
    payload = models.JSONField(default=dict)
    payload_version = models.PositiveSmallIntegerField()
    estimate = models.JSONField(default=dict)
    status = models.CharField(
        max_length=12, choices=RequestStatus.choices, default=RequestStatus.DRAFT
    )
    trouble = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())
    submitted_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    TRANSITIONS = TRANSITIONS

    class Meta:
        verbose_name = "request"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status__in=RequestStatus.values), name="request_known_status"
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=[RequestStatus.DRAFT, RequestStatus.WITHDRAWN])
                | models.Q(
                    submitted_at__isnull=False, workload__isnull=False, environment__isnull=False
                ),
                name="request_complete_once_submitted",
            ),
            models.CheckConstraint(
                condition=models.Q(act="new", about="", before__isnull=True)
                | (~models.Q(act="new") & ~models.Q(about="")),
                name="request_new_or_about_something",
            ),
            models.UniqueConstraint(
                fields=["about"],
                condition=models.Q(status__in=OPEN) & ~models.Q(about=""),
                name="one_open_request_about_a_resource",
            ),
        ]
        indexes = [
            models.Index(fields=["team", "-changed_at", "-id"], name="request_team"),
            models.Index(fields=["status", "-changed_at", "-id"], name="request_status"),
            models.Index(fields=["requester", "-changed_at"], name="request_requester"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"

    @property
    def number(self) -> str:
        """What people call it: REQ-42."""
        return f"REQ-{self.pk}"

    @property
    def name(self) -> str:
        """What it is for: `policy-qa-prod`, or that it is a draft still."""
        if self.workload is None or self.environment is None:
            return f"Draft of {self.requester.first_name}"
        return f"{self.workload.slug}-{self.environment.slug}"

    @property
    def ref(self) -> str:
        """The text reference that lower chapters and the audit use."""
        return f"request:{self.pk}"

    @property
    def scope(self) -> str:
        """The path that decides who may read its audit entries."""
        return self.team.scope

    @property
    def state(self) -> RequestStatus:
        """The status with its label and tone."""
        return RequestStatus(self.status)


class Message(models.Model):
    """Something said about a request: a question stops the clock until it is answered."""

    class Kind(models.TextChoices):
        """What a message is for."""

        NOTE = "note", "Note"
        QUESTION = "question", "Question"
        ANSWER = "answer", "Answer"

    request = models.ForeignKey(ResourceRequest, models.CASCADE, related_name="messages")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.NOTE)
    body = models.TextField()
    internal = models.BooleanField(default=False)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(body=""), name="message_not_empty")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} on {self.request_id}"


class Preset(models.Model):
    """Answers that people start from, under a name: for everybody, or for one team.

    The payload is as typed, without the workload; what is not offered any more is chosen anew.
    """

    name = models.CharField(max_length=60)
    kind = models.CharField(max_length=40)
    team = models.ForeignKey(Team, models.CASCADE, null=True, related_name="presets")
    payload = models.JSONField()
    payload_version = models.PositiveSmallIntegerField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = [models.F("team").asc(nulls_first=True), "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "team", "name"], name="preset_once", nulls_distinct=False
            ),
            models.CheckConstraint(condition=~models.Q(name=""), name="preset_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def ref(self) -> str:
        """The text reference that the audit uses."""
        return f"preset:{self.pk}"

    @property
    def scope(self) -> str:
        """The path that decides who may read its audit entries."""
        return self.team.scope if self.team else ""
