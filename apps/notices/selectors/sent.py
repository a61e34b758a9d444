"""What is sent, what waits, what failed; and the letter that a delivery is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Max, Min, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from apps.kernel import keyset
from apps.kernel.errors import NotFoundError
from apps.notices.models import Delivery, Notice, TeamsChannel
from apps.notices.protocols import Letter, Line, one_line
from apps.notices.selectors.bell import notices_of
from apps.notices.states import DeliveryStatus
from apps.teams import selectors as teams
from apps.teams.models import BusinessUnit, Person
from apps.teams.roles import Action

MOST_LINES = {"mail": 50, "card": 15}  # a card may have 28 KB
LATE = timedelta(minutes=5)
TABS: Mapping[str, tuple[str, tuple[DeliveryStatus, ...]]] = {
    "failed": ("Failed", (DeliveryStatus.FAILED,)),
    "waiting": ("Waiting", (DeliveryStatus.PENDING, DeliveryStatus.SENDING)),
    "sent": ("Sent", (DeliveryStatus.SENT, DeliveryStatus.DROPPED)),
}
UNSENT = (*TABS["failed"][1], *TABS["waiting"][1])  # few, and in an index; most were sent


def letter_of(delivery: Delivery) -> Letter | None:
    """Write what a delivery says; None when nothing is left that its person may see.

    Looks again at this moment: somebody may have left the team since they were told.
    """
    rows = Notice.objects.filter(delivery=delivery)
    if delivery.person:
        if not delivery.person.is_active:
            return None
        rows = notices_of(delivery.person).filter(delivery=delivery)
    elif delivery.channel is None or not delivery.channel.active:
        return None
    found = list(rows.order_by("-id"))
    if not found:
        return None
    most = MOST_LINES["mail" if delivery.person else "card"]
    lines = [
        Line(
            one_line(row.title, 250),
            one_line(row.body, 700),
            f"{settings.PORTAL_BASE_URL}{row.path}",
        )
        for row in found[:most]
    ]
    first = lines[0].title
    return Letter(
        key=str(delivery.key),
        to=delivery.person.email if delivery.person else str(delivery.channel),
        subject=first if len(found) == 1 else f"{len(found)} notices: {first}",
        lines=lines,
        more=len(found) - len(lines),
        portal_url=f"{settings.PORTAL_BASE_URL}{reverse('notices')}",
        preferences_url=f"{settings.PORTAL_BASE_URL}{reverse('notice_preferences')}",
    )


def deliveries_of(viewer: Person) -> QuerySet[Delivery]:
    """Return the log of deliveries, for those who run the platform."""
    rows = Delivery.objects.select_related("person", "channel")
    return rows if teams.may(viewer, Action.NOTICES_OPERATE, None) else rows.none()


def deliveries_page(viewer: Person, *, tab: str, cursor: str) -> keyset.Page[Delivery]:
    """Cut one page out of the log of deliveries, newest first."""
    held = Notice.objects.filter(delivery=OuterRef("pk")).values("delivery")
    size = Coalesce(held.annotate(size=Count("pk")).values("size"), 0)
    rows = deliveries_of(viewer).filter(status__in=TABS[tab][1]).annotate(size=size)
    return keyset.page(rows, order=("-id",), cursor=cursor)


def tab_counts(viewer: Person) -> dict[str, int]:
    """Count the deliveries of each tab that somebody may have to look at."""
    return (
        deliveries_of(viewer)
        .filter(status__in=UNSENT)
        .aggregate(
            **{tab: Count("pk", filter=Q(status__in=TABS[tab][1])) for tab in ("failed", "waiting")}
        )
    )


def delivery_for(viewer: Person, pk: int) -> Delivery:
    """Return one delivery; for others than those who run the platform there is none."""
    found = deliveries_of(viewer).filter(pk=pk).first()
    if found is None:
        raise NotFoundError
    return found


def channels_of(viewer: Person) -> QuerySet[TeamsChannel]:
    """List the channels in Teams that are told, for those who run the platform."""
    rows = TeamsChannel.objects.filter(active=True).select_related("business_unit").order_by("name")
    return rows if teams.may(viewer, Action.NOTICES_OPERATE, None) else rows.none()


def units() -> list[BusinessUnit]:
    """List the business units that a channel may be of."""
    return list(BusinessUnit.objects.order_by("name"))


@dataclass(frozen=True)
class Backlog:
    """What should have gone out and did not: how much, since when, the last trouble."""

    waiting: int
    since: datetime | None
    failed: int
    trouble: str


def backlog_for(viewer: Person, *, now: datetime | None = None) -> Backlog | None:
    """Count what waits longer than a worker needs, and what failed; None for who cannot help.

    What no worker has gathered yet counts too: it may be the worker that is away.
    """
    if not teams.may(viewer, Action.NOTICES_OPERATE, None):
        return None
    late = (now or timezone.now()) - LATE
    loose = Notice.objects.filter(delivery=None, due_at__lt=late).values(row=Value(1))
    waits = Q(status__in=TABS["waiting"][1], since_at__lt=late)
    made = Delivery.objects.filter(status__in=UNSENT).values(row=Value(2))
    rows = loose.annotate(
        waiting=Count("pk"), since=Min("due_at"), failed=Value(0), trouble=Value("")
    ).union(
        made.annotate(
            waiting=Count("pk", filter=waits),
            since=Min("since_at", filter=waits),
            failed=Count("pk", filter=Q(status=DeliveryStatus.FAILED)),
            trouble=Max("trouble", filter=waits),
        ),
        all=True,
    )
    found: list[Any] = list(rows)
    return Backlog(
        waiting=sum(row["waiting"] for row in found),
        since=min((row["since"] for row in found if row["since"]), default=None),
        failed=sum(row["failed"] for row in found),
        trouble=max((row["trouble"] or "" for row in found), default=""),
    )
