"""Our subscriptions, the accounts that things are placed on, pools, and what machines can take."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class Subscription(models.Model):
    """One of the organisation's Azure subscriptions."""

    azure_id = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    tier = models.CharField(max_length=8, unique=True)
    synced_at = models.DateTimeField(null=True)
    trouble = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.name


class Placement(models.Model):
    """An AI services account that deployments are placed on; shared ones belong to the platform."""

    class Owner(models.TextChoices):
        """Who provisions, patches and answers for the account."""

        PLATFORM = "platform", "Platform-owned, shared"
        TEAM = "team", "Team-owned"

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="placements")
    region = models.CharField(max_length=40)
    name = models.CharField(max_length=64, unique=True)
    resource_group = models.CharField(max_length=90)
    owner = models.CharField(max_length=8, choices=Owner.choices, default=Owner.PLATFORM)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["subscription", "region"], name="placement_where")]

    def __str__(self) -> str:
        return self.name

    @property
    def azure_id(self) -> str:
        """The account's ARM id."""
        return (
            f"/subscriptions/{self.subscription.azure_id}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.CognitiveServices/accounts/{self.name}"
        )


class Pool(models.Model):
    """An Azure limit, and what Azure says is used of it.

    free = limit − built − foreign − committed − held, where foreign = max(0, azure_used − built by
    then). What Azure's machines can take is another answer: RealCapacity.
    """

    subscription = models.ForeignKey(Subscription, models.PROTECT, related_name="pools")
    region = models.CharField(max_length=40)
    meter = models.CharField(max_length=100)
    placement = models.ForeignKey(Placement, models.PROTECT, null=True, related_name="pools")
    limit = models.BigIntegerField()
    azure_used = models.BigIntegerField(default=0)
    unit = models.CharField(max_length=30)
    synced_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "region", "meter", "placement"],
                name="pool_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(limit__gte=0, azure_used__gte=0), name="pool_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.meter} in {self.region}"

    @property
    def ref(self) -> str:
        """The text reference used in audit entries."""
        return f"pool:{self.pk}"


class RealCapacity(models.Model):
    """What Azure's machines can take of a model version and SKU in a region, beside the quota."""

    subscription = models.ForeignKey(Subscription, models.CASCADE)
    region = models.CharField(max_length=40)
    sku = models.CharField(max_length=40)
    model = models.CharField(max_length=100)
    version = models.CharField(max_length=40)
    available = models.BigIntegerField()
    synced_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "region", "sku", "model", "version"],
                name="real_capacity_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.model} {self.version} in {self.region}"
