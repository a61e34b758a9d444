"""Jobs, their attempts and Azure operations, the what-if of a request, and what was built."""

import uuid

from django.db import models
from django.db.models.functions import Now

from apps.capacity.models import Placement
from apps.provisioning.states import (
    JOB_TRANSITIONS,
    RESOURCE_TRANSITIONS,
    JobStatus,
    ResourceStatus,
)
from apps.requests.models import ResourceRequest
from apps.teams.models import Environment, Team, Workload


class Job(models.Model):
    """A durable piece of work: the row is the truth, Celery only a nudge.

    `step` is the next step to run; `operation` the continuation token of what Azure is doing now;
    `lease_id` fences the write-back of a worker that overslept. `resource` is what a build changes
    in place, or what is deleted.
    """

    class Purpose(models.TextChoices):
        """What the work is for."""

        WHAT_IF = "what_if", "Preview"
        BUILD = "build", "Build"
        DELETE = "delete", "Deletion"

    request = models.ForeignKey(ResourceRequest, models.PROTECT, related_name="jobs")
    purpose = models.CharField(max_length=8, choices=Purpose.choices)
    resource = models.ForeignKey("Resource", models.PROTECT, null=True, related_name="jobs")
    status = models.CharField(max_length=10, choices=JobStatus.choices, default=JobStatus.QUEUED)
    step = models.CharField(max_length=40)
    operation = models.TextField(blank=True)
    facts = models.JSONField(default=dict)
    due_at = models.DateTimeField(db_default=Now())
    lease_id = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)
    trouble = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    TRANSITIONS = JOB_TRANSITIONS

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["request", "purpose"],
                condition=models.Q(
                    status__in=[JobStatus.QUEUED, JobStatus.WORKING, JobStatus.STUCK],
                    purpose__in=["what_if", "build"],
                ),
                name="one_live_job_per_request_and_purpose",
            ),
            models.UniqueConstraint(
                fields=["resource"],
                condition=models.Q(
                    status__in=[JobStatus.QUEUED, JobStatus.WORKING, JobStatus.STUCK],
                    purpose="delete",
                ),
                name="one_live_deletion_per_resource",
            ),
            models.CheckConstraint(
                condition=~models.Q(purpose="delete") | models.Q(resource__isnull=False),
                name="job_deletes_something",
            ),
            models.CheckConstraint(
                condition=models.Q(status=JobStatus.WORKING, lease_id__isnull=False)
                | (~models.Q(status=JobStatus.WORKING) & models.Q(lease_id__isnull=True)),
                name="job_leased_while_working",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(status=JobStatus.QUEUED),
                name="job_due",
            ),
            models.Index(
                fields=["lease_until"],
                condition=models.Q(status=JobStatus.WORKING),
                name="job_leased",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} of REQ-{self.request_id}"

    @property
    def ref(self) -> str:
        """The text reference used in audit entries and Azure calls."""
        return f"job:{self.pk}"

    @property
    def scope(self) -> str:
        """The scope of the request."""
        return self.request.scope

    @property
    def state(self) -> JobStatus:
        """The status with its label and tone."""
        return JobStatus(self.status)

    @property
    def carries_request(self) -> bool:
        """Whether the request stands where this job stands.

        A preview moves no request, nor does a deletion that follows from a move or an expiry.
        """
        if self.purpose == self.Purpose.DELETE:
            return self.request.act == ResourceRequest.Act.DECOMMISSION
        return self.purpose == self.Purpose.BUILD


class Attempt(models.Model):
    """One leased run of one step: kept whatever became of it."""

    class Outcome(models.TextChoices):
        """How the run ended; running means: not yet, or the worker died."""

        RUNNING = "running", "Running"
        NEXT = "next", "Done"
        WAITING = "waiting", "Waiting for Azure"
        TRANSIENT = "transient", "Tried again later"
        PERMANENT = "permanent", "Refused"
        STOPPED = "stopped", "Needs a person"
        LOST = "lost", "Worker stopped answering"

    job = models.ForeignKey(Job, models.CASCADE, related_name="attempts")
    lease_id = models.UUIDField(default=uuid.uuid4, unique=True)
    step = models.CharField(max_length=40)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.RUNNING)
    sentence = models.TextField(blank=True)
    raw = models.TextField(blank=True)
    correlation_id = models.CharField(max_length=64, blank=True)
    worker = models.CharField(max_length=100, blank=True)
    started_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.step}: {self.get_outcome_display()}"


class Operation(models.Model):
    """One Azure operation of a job's deployment, with the state that Azure reports."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="operations")
    azure_id = models.CharField(max_length=600)
    name = models.CharField(max_length=200)
    resource_type = models.CharField(max_length=200)
    state = models.CharField(max_length=40)
    message = models.TextField(blank=True)
    seen_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["job", "azure_id"], name="operation_once_per_job")
        ]

    def __str__(self) -> str:
        return f"{self.resource_type} {self.name}: {self.state}"


class WhatIf(models.Model):
    """What Azure says a request would change; redone after an hour or when its template changes.

    `changes` is what people read (provisioner.Change as JSON), `checks` what a preflight found
    (provisioner.Check as JSON), `raw` what Azure answered.
    """

    request = models.OneToOneField(ResourceRequest, models.CASCADE, related_name="what_if")
    template_hash = models.CharField(max_length=64)
    checks = models.JSONField(default=list)
    changes = models.JSONField(default=list)
    raw = models.JSONField(default=dict)
    template = models.JSONField(default=dict)
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"What-if of REQ-{self.request_id}"


class Resource(models.Model):
    """Something that was built: one deployment stack in Azure.

    `request` is the one that it was last built by, and the one that holds its capacity. It ends on
    `expires_on` (None: never); the last reminder of that was sent on `reminded_on`. While it is
    retiring, nothing is deleted until `recycle_until`.
    """

    class Owner(models.TextChoices):
        """Who provisions, owns, pays and patches it."""

        TEAM = "team", "Team-owned"
        PLATFORM = "platform", "Platform-owned"

    request = models.OneToOneField(ResourceRequest, models.PROTECT, related_name="resource")
    kind = models.CharField(max_length=40)
    team = models.ForeignKey(Team, models.PROTECT, related_name="resources")
    workload = models.ForeignKey(Workload, models.PROTECT, related_name="resources")
    environment = models.ForeignKey(Environment, models.PROTECT)
    placement = models.ForeignKey(Placement, models.PROTECT, null=True, related_name="resources")
    owner = models.CharField(max_length=8, choices=Owner.choices, default=Owner.TEAM)
    name = models.CharField(max_length=100)
    region = models.CharField(max_length=40)
    azure_id = models.CharField(max_length=600, unique=True)
    stack_id = models.CharField(max_length=600, unique=True)
    facts = models.JSONField(default=dict)
    status = models.CharField(
        max_length=10, choices=ResourceStatus.choices, default=ResourceStatus.LIVE
    )
    built_at = models.DateTimeField(db_default=Now())
    expires_on = models.DateField(null=True)
    reminded_on = models.DateField(null=True)
    recycle_until = models.DateTimeField(null=True)

    TRANSITIONS = RESOURCE_TRANSITIONS

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status=ResourceStatus.LIVE, recycle_until__isnull=True)
                | models.Q(status=ResourceStatus.RETIRED)
                | models.Q(status=ResourceStatus.RETIRING, recycle_until__isnull=False),
                name="resource_recycled_while_retiring",
            )
        ]
        indexes = [
            models.Index(fields=["team", "-built_at", "-id"], name="resource_team"),
            models.Index(
                fields=["expires_on"],
                condition=models.Q(status=ResourceStatus.LIVE),
                name="resource_ends",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def ref(self) -> str:
        """The text reference used in audit entries."""
        return f"resource:{self.pk}"

    @property
    def scope(self) -> str:
        """The scope of the owning team."""
        return self.team.scope

    @property
    def state(self) -> ResourceStatus:
        """The status with its label and tone."""
        return ResourceStatus(self.status)
