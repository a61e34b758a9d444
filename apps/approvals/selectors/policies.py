"""The policies in force, and the facts of a request that they look at."""

from functools import cache, lru_cache
from pathlib import Path

from apps.approvals.models import PolicyVersion
from apps.approvals.rules import Fact, Facts, Plan, Policies, PolicyError, plan, read
from apps.kernel.errors import ConflictError
from apps.requests import selectors as requests
from apps.requests.kinds import KINDS, Estimate
from apps.requests.models import ResourceRequest
from apps.requests.selectors import Review

DEFAULT = Path(__file__).parent.parent / "data" / "policies.yaml"


def in_force() -> Policies:
    """Return the active version of the policies, or the document that the portal comes with.

    Raises ConflictError for a version that this release can no longer read: then nothing may be
    decided until a platform admin puts another one in force.
    """
    active = PolicyVersion.objects.filter(active=True).values("number", "text").first()
    if active is None:
        return _read(default_text())
    try:
        return _read(active["text"])
    except PolicyError as error:
        raise ConflictError(
            f"Version {active['number']} of the approval policies cannot be read any more, {error} "
            "A platform admin has to put another version in force."
        ) from None


@cache
def default_text() -> str:
    """Return the document that is in force until somebody puts another in its place."""
    return DEFAULT.read_text(encoding="utf-8")


@lru_cache(maxsize=16)
def _read(text: str) -> Policies:
    return read(text)


def plan_of(request: ResourceRequest) -> Plan:
    """Say what the policies in force come to for a submitted request."""
    return plan(in_force(), facts_of(request))


def facts_of(request: ResourceRequest) -> Facts:
    """Return what policies may look at of a submitted request; amounts in nano-USD a month.

    JSON-ready: text, whole numbers, or None for what is not known.
    """
    estimate = Estimate.from_json(request.estimate)
    of_kind = (
        KINDS.get(request.kind).facts(requests.payload_of(request)) if request.kind in KINDS else {}
    )
    team, environment = request.team, request.environment
    return {
        **of_kind,
        **_amounts(estimate),
        "kind": request.kind,
        "act": request.act,
        "environment": environment.slug if environment else None,
        "tier": environment.tier if environment else None,
        "team": team.slug,
        "business_unit": team.business_unit.slug,
    }


def facts_typed(review: Review, estimate: Estimate, *, act: str = "new") -> Facts:
    """Return what policies may look at of a form that is being filled in, as far as it got."""
    team = review.workload.team if review.workload else None
    return {
        **review.kind.facts(review.payload),
        **_amounts(estimate),
        "kind": review.kind.slug,
        "act": act,
        "environment": review.payload.environment or None,
        "tier": review.payload.tier or None,
        "team": team.slug if team else None,
        "business_unit": team.business_unit.slug if team else None,
    }


def _amounts(estimate: Estimate) -> dict[str, Fact]:
    return {
        "low": estimate.low_nano,
        "expected": estimate.expected_nano,
        "limit": estimate.limit_nano,
    }
