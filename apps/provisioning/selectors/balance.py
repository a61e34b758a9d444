"""What is promised against what was asked for and built: each explains the other, or it is told."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from apps.capacity import selectors as capacity
from apps.capacity.protocols import DEPLOYMENTS
from apps.capacity.selectors.balance import Live, differences, live_holds, taken_over
from apps.capacity.states import HoldStatus
from apps.catalog.selectors import one_revision
from apps.provisioning.models import Resource
from apps.provisioning.states import ResourceStatus
from apps.requests import selectors as requests
from apps.requests.models import ResourceRequest
from apps.requests.states import RequestStatus as S

EXPLAINS = {
    HoldStatus.HELD: (S.SUBMITTED, S.IN_REVIEW, S.NEEDS_INFO),
    HoldStatus.COMMITTED: (S.APPROVED, S.BUILDING, S.NEEDS_HELP),
    HoldStatus.BUILT: (S.DONE,),
}
HOLDING = tuple(status for some in EXPLAINS.values() for status in some)
ASKS = (ResourceRequest.Act.NEW, ResourceRequest.Act.CHANGE)
PREFIX = "request:"


def imbalances() -> Iterator[str]:
    """Say in a sentence each what does not add up between capacity, requests and resources."""
    yield from differences()
    live, over = live_holds(), taken_over()
    known = {
        one.ref: one
        for one in ResourceRequest.objects.filter(status__in=HOLDING)
        .select_related("team__business_unit", "workload", "environment", "requester")
        .order_by("pk")
    }
    for subject, holds in live.items():
        if subject.startswith(PREFIX) and subject not in known:
            yield f"{subject} holds {_words(holds)}, and no request explains it."
        elif not subject.startswith((PREFIX, "account:", "finding:")):
            yield f"{subject} holds {_words(holds)}, and nobody knows what it is."
    built = {
        request: None if status == ResourceStatus.RETIRED else facts
        for request, status, facts in Resource.objects.values_list("request", "status", "facts")
    }
    with one_revision():
        for subject, request in known.items():
            holds = live.get(subject, [])
            handed_on = subject in over and not holds
            facts = built.get(request.pk, {})
            ended = request.status == S.DONE and (facts is None or handed_on)
            yield from _request(request, holds, {} if facts is None else facts, ended=ended)


def _request(
    request: ResourceRequest, holds: Sequence[Live], facts: Mapping[str, Any], *, ended: bool
) -> Iterator[str]:
    """Compare one request with what is held for it; one that `ended` was to give all back.

    `facts` are those of what was built for it: Azure may have moved it to another version since.
    """
    said = f"{request.number} is {request.state.label.lower()}"
    if ended:
        if holds:
            yield f"{said} and over, and still holds {_words(holds)}."
        return
    for one in holds:
        if request.status not in EXPLAINS[one.status]:
            yield f"{said}, and what it holds is {one.status.label.lower()}: {_words([one])}."
        if one.team_id != request.team_id:
            yield f"{said}, and {_words([one])} count against another team than {request.team}."
    expected, held = _expected(request, facts), _held(holds)
    if expected != held:
        yield f"{said} and asks for {_said(expected)}, and {_said(held)} are held for it."


def _expected(request: ResourceRequest, facts: Mapping[str, Any]) -> dict[str, int]:
    """Return what a request has to hold, by pool; a renewal or an end asks for nothing."""
    if request.act not in ASKS:
        return {}
    kind = requests.kind_named(request.kind)
    payload = requests.payload_of(request, held=True)
    now = {name: value for name, value in facts.items() if name in payload.data}
    payload = replace(payload, data={**payload.data, **now})
    found: dict[str, int] = {}
    for claim in kind.claims(payload):
        key = f"{capacity.label_of(claim.meter)} in {claim.region} ({claim.tier})"
        found[key] = found.get(key, 0) + claim.amount
    if placing := kind.placing(payload):
        found[f"a place in {placing.region} ({placing.tier})"] = 1
    return found


def _held(holds: Sequence[Live]) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in holds:
        place = one.meter == DEPLOYMENTS
        what = "a place" if place else capacity.label_of(one.meter)
        found[f"{what} in {one.region} ({one.tier})"] = one.whole
    return found


def _words(holds: Sequence[Live]) -> str:
    return _said({f"{capacity.label_of(one.meter)} in {one.region}": one.amount for one in holds})


def _said(amounts: dict[str, int]) -> str:
    return ", ".join(f"{amount} of {what}" for what, amount in sorted(amounts.items())) or "nothing"
