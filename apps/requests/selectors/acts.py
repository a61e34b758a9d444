"""Requests about what was built: what they would change, and which one is open."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.kernel import formats
from apps.requests.kinds import Estimate, Payload, RequestKind
from apps.requests.models import ResourceRequest
from apps.requests.selectors.review import Options, data_of, kind_named, payload_of
from apps.requests.states import OPEN
from apps.teams.models import Person

# What is asked about something as it is: there is nothing to fill in.
FORMLESS = (ResourceRequest.Act.RENEW, ResourceRequest.Act.DECOMMISSION)


@dataclass(frozen=True)
class Changed:
    """One field of a change, as the diff component draws it; values as people read them."""

    name: str
    path: str
    before: str
    after: str
    unit: str = ""
    sign: str = "~"


@dataclass(frozen=True)
class Compared:
    """What a change does: fields old → new, list cost a month in nano now → then, and where."""

    changes: Sequence[Changed]
    now_nano: int | None
    then_nano: int | None
    in_place: bool

    @property
    def price(self) -> str:
        """Say the difference: `+13.20 USD a month (+10 %)`."""
        return formats.cost_change(self.now_nano, self.then_nano)


def compared(
    before: ResourceRequest, after: Payload, *, options: Options, estimate: Estimate
) -> Compared:
    """Compare what was built by `before` with what is asked for now, at present list prices."""
    kind, old = kind_named(before.kind), data_of(before)
    return Compared(
        changes=_changes(kind, old, after.data, options),
        now_nano=kind.estimate(payload_of(before)).expected_nano,
        then_nano=estimate.expected_nano,
        in_place=kind.in_place(old, after.data),
    )


def compared_of(viewer: Person, request: ResourceRequest) -> Compared | None:
    """Compare a submitted change with what it changes, as it was frozen; None for other acts."""
    if request.act != ResourceRequest.Act.CHANGE or request.before is None:
        return None
    payload = payload_of(request)
    options = kind_named(request.kind).options(payload.data, viewer)
    frozen = Estimate.from_json(request.estimate)
    return compared(request.before, payload, options=options, estimate=frozen)


def stays_in_place(request: ResourceRequest) -> bool:
    """Say whether a request changes what is there, instead of building something."""
    if request.act != ResourceRequest.Act.CHANGE or request.before is None:
        return False
    kind = kind_named(request.kind)
    return kind.in_place(data_of(request.before), data_of(request))


def open_about(ref: str) -> ResourceRequest | None:
    """Return the open request about a resource; the database allows one."""
    return ResourceRequest.objects.filter(about=ref, status__in=OPEN).first()


def _changes(
    kind: RequestKind, old: Mapping[str, Any], new: Mapping[str, Any], options: Options
) -> list[Changed]:
    units = kind.units(new)

    def shown(name: str, value: Any) -> str:
        labels = {one.value: one.label for one in options.get(name, ())}
        return labels.get(str(value), formats.number(value) if isinstance(value, int) else value)

    return [
        Changed(
            name=name,
            path=str(field.label),
            before=shown(name, old.get(name, "")),
            after=shown(name, new[name]),
            unit=units.get(name, ""),
        )
        for name, field in kind.spec().fields.items()
        if name in new and str(new[name]) != str(old.get(name, ""))
    ]
