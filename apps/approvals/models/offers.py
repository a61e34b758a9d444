"""Counter-offers."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from apps.approvals.models.steps import Step
from apps.approvals.states import OFFER_TRANSITIONS, OfferStatus
from apps.requests.models import ResourceRequest


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
