"""The way into a resource: where to call, how to sign in, how much at once, who holds a grant."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.access.models import Grant
from apps.access.selectors.attribution import Offer, Slices, find_pair, slices
from apps.access.selectors.snippets import SCOPE, Snippet, snippets
from apps.kernel import formats
from apps.provisioning.models import Resource
from apps.provisioning.selectors import resources_visible
from apps.provisioning.states import ResourceStatus
from apps.teams.models import Person

__all__ = ["Connection", "Offer", "Slices", "connection", "find_pair", "grants_of", "slices"]


@dataclass(frozen=True)
class Connection:
    """Everything that a caller needs; there is no key in it, and none behind it.

    `limits` are (label, text) pairs, as Azure reported them when the resource was built.
    """

    endpoint: str
    base_url: str
    deployment: str
    scope: str
    snippets: Sequence[Snippet]
    limits: Sequence[tuple[str, str]]


def connection(viewer: Person, resource: Resource) -> Connection | None:
    """Return the way into a resource; None for whoever may not see it or where it has none.

    What is retiring has one only while grants of it still run.
    """
    facts = resource.facts
    if "base_url" not in facts or not resources_visible(viewer).filter(pk=resource.pk).exists():
        return None
    if resource.status != ResourceStatus.LIVE and not grants_of(viewer, resource).exists():
        return None
    base_url, deployment = facts["base_url"], facts["deployment"]
    return Connection(
        endpoint=facts["endpoint"],
        base_url=base_url,
        deployment=deployment,
        scope=SCOPE,
        snippets=snippets(
            task=facts.get("task", "chat"),
            sku=facts.get("sku", ""),
            base_url=base_url,
            deployment=deployment,
        ),
        limits=_limits(resource),
    )


def grants_of(viewer: Person, resource: Resource) -> QuerySet[Grant]:
    """Return the open grants of a resource that the viewer may see, oldest first."""
    return (
        Grant.objects.filter(resource__in=resources_visible(viewer), resource=resource)
        .filter(Q(to_at=None) | Q(to_at__gt=timezone.now()))
        .select_related("workload", "team", "business_unit")
        .order_by("id")
    )


def _limits(resource: Resource) -> list[tuple[str, str]]:
    """Say Azure's rate limits in words; they come per window of so many seconds."""
    nouns = {"token": "Tokens", "request": "Requests"}
    limits = [
        (f"{nouns.get(rate['key'], rate['key'])} {_window(rate['renewalPeriod'])}", rate["count"])
        for rate in resource.facts.get("rate_limits", ())
    ]
    said = [(label, formats.number(count)) for label, count in limits]
    return [*said, ("Beyond it", "429 with Retry-After")]


def _window(seconds: float) -> str:
    return "per minute" if seconds == 60 else f"per {formats.duration(seconds)}"
