"""What a typed payload comes to: choices, what was understood of it, and what is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from apps.kernel.errors import NotFoundError
from apps.kernel.forms import Option
from apps.requests.kinds import KINDS, Estimate, Payload, RequestKind
from apps.requests.models import ResourceRequest
from apps.teams import selectors as teams
from apps.teams.models import Environment, Person, Workload

Options = Mapping[str, Sequence[Option]]


@dataclass(frozen=True)
class Review:
    """A typed payload with its choices; `errors` maps fields to sentences, empty when it passes.

    `typed` is what stands in the form; `payload` holds the fields that were understood.
    """

    kind: RequestKind
    typed: Mapping[str, Any]
    options: Options
    payload: Payload
    errors: Mapping[str, str]
    workload: Workload | None
    environment: Environment | None

    @property
    def estimate(self) -> Estimate:
        """What it would cost, as far as that can be said."""
        return self.kind.estimate(self.payload)


def kind_named(slug: str) -> RequestKind:
    """Return a request kind; an unknown one is not found."""
    if slug not in KINDS:
        raise NotFoundError(f"Nobody can ask for “{slug[:40]}” here. There is: {', '.join(KINDS)}.")
    return KINDS.get(slug)


def typed_of(kind: RequestKind, data: Mapping[str, Any]) -> dict[str, Any]:
    """Take the fields of a kind out of a query or a posted form, as they were typed."""
    return {name: data[name] for name in map(str, kind.spec().fields) if name in data}


def review(
    kind: RequestKind,
    typed: Mapping[str, Any],
    viewer: Person,
    *,
    fill: bool = False,
    before: ResourceRequest | None = None,
) -> Review:
    """Check what was typed; `fill` sets choices that leave nothing to choose, as the form does.

    `before` is what a change starts from: its fixed fields stay, and its amount counts as free.
    The same rules serve the form while somebody types, submit, and the API: `options()` and
    `check()` of the kind, and the serializer of its spec.
    """
    workloads = {str(one.pk): one for one in teams.workloads_for(viewer)}
    environments = {one.slug: one for one in teams.environments()}
    own = {
        "workload": _workload_options(workloads.values()),
        "environment": [Option(one.slug, one.label) for one in environments.values()],
    }
    instead = data_of(before) if before else None
    fixed = {name: instead[name] for name in kind.fixed if name in instead} if instead else {}
    touched = {
        name: kind.fixed[name]
        for name, value in fixed.items()
        if str(typed.get(name) or value) != str(value)
    }
    typed = {**typed, **fixed}
    options: Options = {**own, **kind.options(typed, viewer)}
    if fill and (filled := _filled(kind, typed, options)) != typed:
        typed = filled
        options = {**own, **kind.options(typed, viewer)}
    cleaned, errors = _understood(kind, typed, options)
    workload = workloads.get(str(cleaned.get("workload", "")))
    environment = environments.get(str(cleaned.get("environment", "")))
    payload = Payload(
        data=cleaned,
        workload=workload.slug if workload else "",
        environment=environment.slug if environment else "",
        tier=environment.tier if environment else "",
        on=teams.today(),
        instead=instead,
    )
    errors = {**kind.check(payload), **errors, **touched}
    return Review(kind, typed, options, payload, errors, workload, environment)


def payload_of(request: ResourceRequest, *, held: bool = False) -> Payload:
    """Return the frozen payload of a submitted request, at the kind's present version."""
    assert request.workload is not None  # noqa: S101  the database has it from submit on
    assert request.environment is not None  # noqa: S101
    return Payload(
        data=data_of(request),
        workload=request.workload.slug,
        environment=request.environment.slug,
        tier=request.environment.tier,
        on=teams.today(),
        held=held,
    )


def data_of(request: ResourceRequest) -> Mapping[str, Any]:
    """Return the payload's data at the kind's present version."""
    kind = kind_named(request.kind)
    if request.payload_version == kind.payload_version:
        return dict(request.payload)
    return kind.upgrade(request.payload, request.payload_version)


def _workload_options(workloads: Any) -> list[Option]:
    found = list(workloads)
    several = len({one.team_id for one in found}) > 1
    return [Option(str(one.pk), one.slug, hint=one.team.name if several else "") for one in found]


def _filled(kind: RequestKind, typed: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """Take the only choice where there is one, the first where the spec says so; drop lost ones."""
    filled = dict(typed)
    fields = kind.spec().fields
    for name, found in options.items():
        if any(option.value == str(filled.get(name, "")) for option in found):
            continue
        allowed = [option.value for option in found if not option.why_not]
        first = fields[name].style.get("preselect")
        filled[name] = allowed[0] if len(allowed) == 1 or (first and allowed) else ""
    return filled


def _understood(
    kind: RequestKind, typed: Mapping[str, Any], options: Options
) -> tuple[dict[str, Any], dict[str, str]]:
    cleaned: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for name, item in kind.spec().fields.items():
        if isinstance(item, serializers.ChoiceField):
            item.choices = [(option.value, option.label) for option in options.get(name, ())]
        try:
            cleaned[name] = item.run_validation(typed.get(name, empty))
        except serializers.ValidationError as error:
            errors[name] = " ".join(str(one) for one in error.detail)
        except serializers.SkipField:
            continue
    return cleaned, errors


def for_form(found: Review, *, everything: bool) -> Review:
    """Show errors of touched fields only, unless asked for all; keep a refused choice chosen.

    A disabled choice would not be posted again: the chosen one stays enabled, its error says why.
    """
    typed = found.typed
    errors = {
        name: text
        for name, text in found.errors.items()
        if everything or str(typed.get(name) or "").strip()
    }
    options = {
        name: [
            replace(one, why_not="") if one.value == str(typed.get(name, "")) else one
            for one in choices
        ]
        for name, choices in found.options.items()
    }
    return replace(found, errors=errors, options=options)
