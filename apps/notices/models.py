"""What people are told, what is sent to them, and how they want it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.notices.protocols import Channel, Mode, Topic
from apps.notices.states import TRANSITIONS, DeliveryStatus
from apps.requests.models import ResourceRequest
from apps.teams.models import BusinessUnit

ONE_RECIPIENT = Q(person__isnull=False, channel__isnull=True) | Q(
    person__isnull=True, channel__isnull=False
)


class TeamsChannel(models.Model):
    """A channel in Microsoft Teams, reached by a workflow; of one business unit, or of all.

    `webhook` is a secret reference: whoever knows the address behind it can post there.
    """

    name = models.CharField(max_length=80)
    business_unit = models.ForeignKey(
        BusinessUnit, models.CASCADE, null=True, blank=True, related_name="+"
    )
    webhook = models.CharField(max_length=300)
    topics = models.JSONField(default=list)
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name"], condition=Q(active=True), name="one_channel_of_a_name"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def ref(self) -> str:
        """The text reference used in audit entries."""
        return f"teams_channel:{self.pk}"


class Delivery(models.Model):
    """One message to one person or channel, with all the notices that waited for it.

    A worker has it while `lease_until` is ahead; it is tried since `since_at`. `key` is in the
    Message-ID, so that a mail that is sent again after a crash can be known for the same.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+"
    )
    channel = models.ForeignKey(TeamsChannel, models.CASCADE, null=True, related_name="+")
    status = models.CharField(
        max_length=8, choices=DeliveryStatus.choices, default=DeliveryStatus.PENDING
    )
    due_at = models.DateTimeField()
    lease_id = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    trouble = models.TextField(blank=True)
    since_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    TRANSITIONS = TRANSITIONS

    class Meta:
        constraints = [
            models.CheckConstraint(condition=ONE_RECIPIENT, name="delivery_to_one"),
            models.CheckConstraint(
                condition=Q(status__in=DeliveryStatus.values), name="delivery_known_status"
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                condition=Q(status=DeliveryStatus.PENDING),
                name="delivery_due",
            ),
            models.Index(
                fields=["lease_until"],
                condition=Q(status=DeliveryStatus.SENDING),
                name="delivery_lease",
            ),
            models.Index(fields=["status", "-id"], name="delivery_status"),
        ]

    def __str__(self) -> str:
        return f"delivery to {self.person or self.channel}"

    @property
    def ref(self) -> str:
        """The text reference used in audit entries."""
        return f"delivery:{self.pk}"

    @property
    def scope(self) -> str:
        """Deliveries belong to the whole platform."""
        return ""

    @property
    def state(self) -> DeliveryStatus:
        """The status with its label and tone."""
        return DeliveryStatus(self.status)


class Notice(models.Model):
    """What one person, or one channel, is told about one event; told twice, it stays one.

    `listed` shows it under the bell. `due_at` is when it is to go out as well (None: it does not)
    and `delivery` the message that takes it: a notice goes out in at most one. Whoever may not see
    `request` any more does not see it either; without one it is about the person's account.
    """

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+"
    )
    channel = models.ForeignKey(TeamsChannel, models.CASCADE, null=True, related_name="+")
    event_key = models.CharField(max_length=120)
    topic = models.CharField(max_length=10, choices=Topic.choices)
    subject = models.CharField(max_length=100)
    request = models.ForeignKey(ResourceRequest, models.CASCADE, null=True, related_name="+")
    title = models.CharField(max_length=250)
    body = models.TextField()
    path = models.CharField(max_length=200)
    tone = models.CharField(max_length=4)
    at = models.DateTimeField(db_default=Now())
    read_at = models.DateTimeField(null=True)
    listed = models.BooleanField(default=True)
    due_at = models.DateTimeField(null=True)
    delivery = models.ForeignKey(Delivery, models.SET_NULL, null=True, related_name="notices")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=ONE_RECIPIENT, name="notice_to_one"),
            models.UniqueConstraint(fields=["person", "event_key"], name="notice_once_per_person"),
            models.UniqueConstraint(
                fields=["channel", "event_key"], name="notice_once_per_channel"
            ),
        ]
        indexes = [
            models.Index(
                fields=["person", "-id"],
                condition=Q(listed=True, read_at__isnull=True),
                name="notice_unread",
            ),
            models.Index(fields=["person", "-id"], condition=Q(listed=True), name="notice_list"),
            models.Index(
                fields=["due_at"],
                condition=Q(delivery__isnull=True, due_at__isnull=False),
                name="notice_due",
            ),
            models.Index(fields=["at"], name="notice_at"),
        ]

    def __str__(self) -> str:
        return self.title


class Preference(models.Model):
    """How somebody wants one topic by one channel, where that is not the default."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    topic = models.CharField(max_length=10, choices=Topic.choices)
    channel = models.CharField(max_length=10, choices=Channel.choices)
    mode = models.CharField(max_length=5, choices=Mode.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "topic", "channel"], name="preference_once"),
            models.CheckConstraint(
                condition=Q(channel=Channel.EMAIL, mode__in=Mode.values)
                | Q(channel=Channel.PORTAL, mode__in=[Mode.NOW, Mode.OFF]),
                name="preference_known_mode",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic} by {self.channel}: {self.mode}"


class DigestTime(models.Model):
    """When somebody's daily mail goes out: an hour of their own zone."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+"
    )
    hour = models.PositiveSmallIntegerField()
    zone = models.CharField(max_length=60)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(hour__lt=24), name="digest_hour_of_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.hour}:00 {self.zone}"
