"""The ledger of batches, the raw rows, the queue of hours to recompute, and small dictionaries.

The partitioned tables are made in SQL by the second migration; rollups are read and written as
sets (rollups, selectors), so only the raw row has a model, for the list of calls.
"""

from django.db import models
from django.db.models import CompositePrimaryKey, F, Q
from django.db.models.functions import Now

from apps.provisioning.models import Resource
from apps.teams.models import Person, Workload
from apps.usage.states import Counts, ErrorKind


class Source(models.Model):
    """Where rows come from: a gateway, Azure Monitor, files."""

    id = models.SmallAutoField(primary_key=True)
    slug = models.SlugField(max_length=40, unique=True)

    def __str__(self) -> str:
        return self.slug


class BillingSource(models.Model):
    """The one source whose rows count for a pair; what others say of it is evidence."""

    workload = models.ForeignKey(Workload, models.PROTECT, related_name="+")
    deployment = models.ForeignKey(Resource, models.PROTECT, related_name="+")
    source = models.ForeignKey(Source, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workload", "deployment"], name="one_billing_source")
        ]

    def __str__(self) -> str:
        return f"{self.workload_id} on {self.deployment_id} by {self.source_id}"


class ModelKey(models.Model):
    """A short number for a model version in raw rows and rollups."""

    id = models.AutoField(primary_key=True)
    model = models.CharField(max_length=80)
    version = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "version"], name="model_key_once")]

    def __str__(self) -> str:
        return f"{self.model} {self.version}"


class RegionKey(models.Model):
    """A short number for a region in raw rows and rollups."""

    id = models.SmallAutoField(primary_key=True)
    name = models.CharField(max_length=40, unique=True)

    def __str__(self) -> str:
        return self.name


class IngestBatch(models.Model):
    """The ledger: a batch of a source is stored once, whatever is sent again.

    received = inserted + duplicate + refused.
    """

    source = models.ForeignKey(Source, models.PROTECT, related_name="batches")
    key = models.CharField(max_length=200)
    payload_sha256 = models.BinaryField(max_length=32)
    received = models.PositiveIntegerField(default=0)
    inserted = models.PositiveIntegerField(default=0)
    duplicate = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    evidence = models.PositiveIntegerField(default=0)
    min_ts = models.DateTimeField(null=True)
    max_ts = models.DateTimeField(null=True)
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [  # the admin's home page asks for the last of each source
            models.Index(fields=["source", "received_at"], name="ingest_batch_received"),
            models.Index(fields=["source", "max_ts"], name="ingest_batch_max_ts"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["source", "key"], name="ingest_batch_once"),
            models.CheckConstraint(
                condition=Q(received=F("inserted") + F("duplicate") + F("refused")),
                name="ingest_batch_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source_id}: {self.key}"


class RawDay(models.Model):
    """A day whose raw partition exists or existed; its row lock keeps ingest and freeze apart.

    open → closed (read indexes made) → frozen (no row may come any more) → dropped.
    """

    day = models.DateField(primary_key=True)
    closed_at = models.DateTimeField(null=True)
    frozen_at = models.DateTimeField(null=True)
    dropped_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(dropped_at__isnull=True) | Q(frozen_at__isnull=False),
                name="raw_day_frozen_before_dropped",
            )
        ]

    def __str__(self) -> str:
        return self.day.isoformat()


class Quarantine(models.Model):
    """A row that came after its day was frozen: kept for an adjustment, unknown as null.

    Days are frozen as they become too old for the portal, whose rows are refused; so this is for
    days that were frozen by hand, or before PORTAL_USAGE_RAW_DAYS was raised.
    """

    event_id = models.UUIDField()
    workload = models.ForeignKey(Workload, models.PROTECT, related_name="+")
    ts = models.DateTimeField()
    row = models.JSONField()
    reason = models.CharField(max_length=300)
    batch = models.ForeignKey(IngestBatch, models.PROTECT, related_name="quarantined")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workload", "ts", "event_id"], name="quarantined_once")
        ]

    def __str__(self) -> str:
        return f"{self.event_id} of {self.ts:%Y-%m-%d %H:%M}"


class DirtyHour(models.Model):
    """An hour that has new raw rows; append-only, so that writers never wait for each other.

    Sums and minutes are recomputed first; it then waits, `summed`, for its latency sketches.
    """

    hour = models.DateTimeField()
    at = models.DateTimeField(db_default=Now())
    summed = models.BooleanField(db_default=False)

    class Meta:
        indexes = [models.Index(fields=["hour"], name="dirty_hour")]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}:00"


class DirtyDay(models.Model):
    """A day that has recomputed hours; filled by the rollup of hours."""

    day = models.DateField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["day"], name="dirty_day")]

    def __str__(self) -> str:
        return self.day.isoformat()


class FillState(models.Model):
    """How far a piece of background work has come: when it last ran through, and how late it was.

    `hours` and `days`: sums; `sketches`: latency; `ahead`: partitions; `closed`: read indexes;
    `dropped`: retention.
    """

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()
    lag_ms = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%Y-%m-%d %H:%M:%S}"


class SavedView(models.Model):
    """A page with its filters that a person kept under a name; `query` is the address's."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="saved_views")
    page = models.CharField(max_length=20)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["person", "page", "name"], name="saved_view_once")
        ]

    def __str__(self) -> str:
        return self.name


class UsageRecord(models.Model):
    """One call. Written by COPY only; partitioned by day; unknown is NULL.

    Tokens include their parts as Azure counts them: input has cached, cache-write and audio input
    in it, output has reasoning and audio output. Ids name rows of teams and provisioning; a grant
    protects each of them from deletion.
    """

    pk = CompositePrimaryKey("workload_id", "ts", "event_id")
    ts = models.DateTimeField()
    batch_id = models.BigIntegerField()
    list_cost_nano = models.BigIntegerField(null=True)
    workload_id = models.IntegerField()
    deployment_id = models.IntegerField()
    team_id = models.IntegerField()
    bu_id = models.IntegerField()
    model_id = models.IntegerField()
    price_set_id = models.IntegerField(null=True)
    input_tokens = models.IntegerField()
    output_tokens = models.IntegerField()
    cached_tokens = models.IntegerField(null=True)
    cache_write_tokens = models.IntegerField(null=True)
    reasoning_tokens = models.IntegerField(null=True)
    audio_in_tokens = models.IntegerField(null=True)
    audio_out_tokens = models.IntegerField(null=True)
    images = models.IntegerField(null=True)
    latency_ms = models.IntegerField(null=True)
    ttft_ms = models.IntegerField(null=True)
    environment_id = models.SmallIntegerField()
    region_id = models.SmallIntegerField()
    source_id = models.SmallIntegerField()
    status = models.SmallIntegerField()
    role = models.SmallIntegerField(choices=Counts.choices)
    error_kind = models.SmallIntegerField(null=True, choices=ErrorKind.choices)
    event_id = models.UUIDField()
    is_spillover = models.BooleanField(null=True)
    end_user_hash = models.BinaryField(null=True)

    class Meta:
        managed = False
        db_table = "usage_record"

    def __str__(self) -> str:
        return str(self.event_id)
