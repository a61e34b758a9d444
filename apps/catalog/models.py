"""Facts about what may be asked for, its list price, and the residency rules.

Rows carry Azure's own names as keys. Every fact names its source and the day it speaks for.
"""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Coalesce, Now

from apps.catalog.states import Billing, DataClass, Lifecycle, Scope, Task


class Fact(models.Model):
    """Where a row comes from, and the day it speaks for."""

    source = models.CharField(max_length=120)
    as_of = models.DateField()

    class Meta:
        abstract = True


class Region(Fact):
    """An Azure region; `data_zone` is EU, US or empty."""

    name = models.CharField(max_length=40, primary_key=True)
    display_name = models.CharField(max_length=60)
    geography = models.CharField(max_length=40)
    data_zone = models.CharField(max_length=2, blank=True)

    def __str__(self) -> str:
        return self.name


class DeploymentType(Fact):
    """One of Azure's deployment SKUs; `unit` is that of `sku.capacity`."""

    sku = models.CharField(max_length=40, primary_key=True)
    label = models.CharField(max_length=60)
    scope = models.CharField(max_length=8, choices=Scope.choices)
    billing = models.CharField(max_length=6, choices=Billing.choices)
    unit = models.CharField(max_length=30)
    help = models.TextField()
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]

    def __str__(self) -> str:
        return self.label


class Model(Fact):
    """A model that Azure OpenAI names anywhere; NULL limits are not known."""

    name = models.CharField(max_length=80, primary_key=True)
    provider = models.CharField(max_length=40)
    format = models.CharField(max_length=40)
    context_tokens = models.PositiveIntegerField(null=True)
    max_output_tokens = models.PositiveIntegerField(null=True)
    task = models.CharField(max_length=20, choices=Task.choices)

    def __str__(self) -> str:
        return self.name


class ModelVersion(Fact):
    """A version of a model; `retires_on` is the first day it is gone, NULL where not known."""

    model = models.ForeignKey(Model, models.CASCADE, related_name="versions")
    version = models.CharField(max_length=40)
    lifecycle = models.CharField(max_length=12, choices=Lifecycle.choices, blank=True)
    retires_on = models.DateField(null=True)
    replacement = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "version"], name="model_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.model_id} {self.version}"


class Availability(Fact):
    """Microsoft offers this version as this type in this region."""

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="offers")
    deployment_type = models.ForeignKey(DeploymentType, models.CASCADE, related_name="offers")
    region = models.ForeignKey(Region, models.CASCADE, related_name="offers")

    class Meta:
        verbose_name_plural = "availabilities"
        constraints = [
            models.UniqueConstraint(
                fields=["version", "deployment_type", "region"], name="offered_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.version_id} as {self.deployment_type_id} in {self.region_id}"


class QuotaTier(Fact):
    """The limit of a model and type in one tier: `tpm` and `requests` per `window_s` seconds."""

    model = models.ForeignKey(Model, models.CASCADE, related_name="quotas")
    deployment_type = models.ForeignKey(DeploymentType, models.CASCADE, related_name="+")
    tier = models.PositiveSmallIntegerField()
    tpm = models.BigIntegerField(null=True)
    requests = models.PositiveIntegerField()
    window_s = models.PositiveSmallIntegerField()
    note = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model", "deployment_type", "tier", "note"], name="quota_tier_once"
            ),
            models.CheckConstraint(condition=Q(window_s__gt=0), name="quota_window_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.model_id} {self.deployment_type_id}, tier {self.tier}"


class BatchQuota(Fact):
    """Enqueued tokens of a model and batch type for one kind of subscription."""

    model = models.ForeignKey(Model, models.CASCADE, related_name="batch_quotas")
    deployment_type = models.ForeignKey(DeploymentType, models.CASCADE, related_name="+")
    subscription = models.CharField(max_length=20)
    enqueued_tokens = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model", "deployment_type", "subscription"], name="batch_quota_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.model_id} {self.deployment_type_id}, {self.subscription}"


class PtuParameter(Fact):
    """PTU sizing of a model and scope; one output token weighs `output_ratio` input tokens."""

    model = models.ForeignKey(Model, models.CASCADE, related_name="ptu")
    scope = models.CharField(max_length=8, choices=Scope.choices)
    minimum_ptu = models.PositiveSmallIntegerField(null=True)
    increment_ptu = models.PositiveSmallIntegerField(null=True)
    input_tpm_per_ptu = models.PositiveIntegerField()
    output_ratio = models.PositiveSmallIntegerField(null=True)
    latency_target = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["model", "scope"], name="ptu_once")]

    def __str__(self) -> str:
        return f"{self.model_id}, {self.scope}"


class PriceSet(Fact):
    """All token classes of one model × type × region from `effective_on` until before `ends_on`.

    `version` is set only where versions of a model differ. PTU hours have no model. The database
    refuses two sets for the same thing on the same day.
    """

    model = models.ForeignKey(Model, models.CASCADE, null=True, related_name="price_sets")
    version = models.CharField(max_length=40, blank=True)
    deployment_type = models.ForeignKey(DeploymentType, models.CASCADE, related_name="+")
    region = models.ForeignKey(Region, models.CASCADE, related_name="+")
    effective_on = models.DateField()
    ends_on = models.DateField(null=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="one_price_set_at_a_time",
                expressions=[
                    (Coalesce("model", Value("")), RangeOperators.EQUAL),
                    ("version", RangeOperators.EQUAL),
                    ("deployment_type", RangeOperators.EQUAL),
                    ("region", RangeOperators.EQUAL),
                    (
                        Func(F("effective_on"), F("ends_on"), function="DATERANGE"),
                        RangeOperators.OVERLAPS,
                    ),
                ],
            ),
            models.CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gt=F("effective_on")),
                name="price_set_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        what = self.model_id or "PTU"
        return f"{what} {self.deployment_type_id} in {self.region_id} from {self.effective_on}"


class Price(models.Model):
    """Nano-USD per 1 M tokens of a class, or per PTU and hour (class `ptu_hour`)."""

    price_set = models.ForeignKey(PriceSet, models.CASCADE, related_name="prices")
    token_class = models.CharField(max_length=30)
    price_nano = models.BigIntegerField()
    meter = models.CharField(max_length=120)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["price_set", "token_class"], name="price_once"),
            models.CheckConstraint(condition=Q(price_nano__gte=0), name="price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.token_class}: {self.price_nano}"


class SecondOpinion(Fact):
    """A price of another source that Azure's rows do not confirm; shown, never used for money."""

    model = models.ForeignKey(Model, models.CASCADE, related_name="second_opinions")
    scope = models.CharField(max_length=20)
    token_class = models.CharField(max_length=30)
    per_1m_nano = models.BigIntegerField()
    verdict = models.CharField(max_length=20)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model", "scope", "token_class"], name="second_opinion_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.model_id} {self.token_class}: {self.verdict}"


class ResidencyRule(Fact):
    """May data of a class be processed within a scope? Edited rules are kept by later loads.

    `geography` is the data zone (EU, US, "no zone") for scope datazone, else the geography.
    """

    data_class = models.CharField(max_length=12, choices=DataClass.choices)
    scope = models.CharField(max_length=8, choices=Scope.choices)
    geography = models.CharField(max_length=40)
    allowed = models.BooleanField()
    why = models.CharField(max_length=300)
    edited_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["data_class", "scope", "geography"], name="residency_rule_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_data_class_display()}, {self.get_scope_display()} in {self.geography}"

    @property
    def ref(self) -> str:
        """The text reference used in audit entries."""
        return f"residency:{self.pk}"


class CatalogState(models.Model):
    """The one row that says which data files are loaded; each change gives a new `revision`."""

    singleton = models.BooleanField(primary_key=True, default=True)
    digest = models.CharField(max_length=64)
    revision = models.UUIDField()
    loaded_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(singleton=True), name="one_catalog_state")
        ]

    def __str__(self) -> str:
        return f"data files {self.digest[:12]}"
