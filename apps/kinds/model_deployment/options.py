"""The choices of the form, each forbidden one with its reason and the nearest that would pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from apps.catalog import selectors as catalog
from apps.catalog.selectors import TypeFacts, VersionFacts
from apps.kernel import formats
from apps.kernel.forms import Option
from apps.kinds.model_deployment.wanted import Wanted
from apps.requests.kinds import Payload
from apps.teams import selectors as teams

if TYPE_CHECKING:
    from apps.teams.models import Person


@catalog.one_revision()
def options(typed: Mapping[str, Any], viewer: Person) -> Mapping[str, Sequence[Option]]:
    """Give the choices of each field for what was chosen so far; the same for everybody."""
    chosen = str(typed.get("environment") or "")
    tiers = {one.slug: one.tier for one in teams.environments()}
    return choices(Wanted.read(typed, tier=tiers.get(chosen, ""), on=teams.today()))


def choices(wanted: Wanted, *, chosen: bool = False) -> Mapping[str, Sequence[Option]]:
    """Give the choices of each field, in the order in which one depends on the other.

    With `chosen` only what is chosen has its reason: whoever checks a payload reads no other.
    """
    return {
        "data_class": [Option(value, label) for value, label in catalog.data_classes()],
        "model": model_options(wanted),
        "version": version_options(wanted),
        "sku": type_options(wanted, only=wanted.sku if chosen else None),
        "region": region_options(wanted, only=wanted.region if chosen else None),
    }


@catalog.one_revision()
def check(payload: Payload) -> dict[str, str]:
    """Refuse what the form would not let through, field by field, capacity last."""
    wanted = Wanted.of(payload)
    errors: dict[str, str] = {}
    for name, found in choices(wanted, chosen=True).items():
        chosen = getattr(wanted, name)
        option = next((one for one in found if one.value == chosen), None)
        if not chosen or not found or (name == "region" and "sku" in errors):
            continue
        if option is None:
            errors[name] = f"“{chosen[:60]}” is not offered here any more. Choose another."
        elif option.why_not:
            errors[name] = option.why_not
    if not errors and (problem := capacity_problem(wanted)):
        errors["capacity"] = problem
    return errors


def model_options(wanted: Wanted) -> list[Option]:
    """List the models that are offered somewhere; retired ones stay, with their date."""
    found = []
    for name in catalog.models():
        versions = [v for v in catalog.versions(name) if catalog.availability(name, v.version)]
        if not versions:
            continue
        gone = all(version.retired(wanted.on) for version in versions)
        why_not = retired(versions[0], wanted.on) if gone else ""
        found.append(Option(name, name, why_not=why_not))
    return found


def version_options(wanted: Wanted) -> list[Option]:
    """List the versions of the model, newest first."""
    found: list[Option] = []
    newest = True
    for version in catalog.versions(wanted.model):
        if not catalog.availability(wanted.model, version.version):
            continue
        gone = version.retired(wanted.on)
        label = f"{version.version} (newest)" if newest and not gone else version.version
        newest = newest and gone
        ends, soon = version.retires_on, version.ends_soon(wanted.on)
        found.append(
            Option(
                version.version,
                label,
                hint=f"retires {formats.day(ends, today=wanted.on)}" if ends and soon else "",
                why_not=retired(version, wanted.on) if gone else "",
            )
        )
    return found


def retired(version: VersionFacts, on: date) -> str:
    """Say since when a version is gone, and what replaces it."""
    since = f" since {formats.day(version.retires_on, today=on)}" if version.retires_on else ""
    other = version.replacement
    known = catalog.newest(other, on) if other else None
    instead = f" {other} replaces it." if known and not known.retired(on) else ""
    return f"Retired{since}.{instead}"


def type_options(wanted: Wanted, only: str | None = None) -> list[Option]:
    """List the deployment types; not offered, or not allowed for the data, with the reason."""
    return [
        Option(sku, kind.label, hint=_type_hint(wanted, kind), why_not=_type_refused(wanted, kind))
        if only in (None, sku)
        else Option(sku, kind.label)
        for sku, kind in catalog.deployment_types().items()
    ]


def _type_hint(wanted: Wanted, kind: TypeFacts) -> str:
    """Say in a few words where calls are processed and how they are paid."""
    steps = wanted.instead(kind.sku).ptu_steps
    paid = {
        "tokens": "Pay per token.",
        "batch": "Half the price, within 24 hours.",
        "ptu": f"Paid by the hour{f', from {steps[0]} PTU' if steps else ''}.",
    }[kind.billing]
    regions = {region for sku, region in wanted.offered if sku == kind.sku}
    if wanted.region and regions and wanted.region not in regions:
        return f"Not in {wanted.region}; in {formats.plural(len(regions), 'other region')}. {paid}"
    return f"Processed {_where(wanted, kind)}. {paid}"


def _where(wanted: Wanted, kind: TypeFacts) -> str:
    zone = getattr(catalog.regions().get(wanted.region), "data_zone", "")
    return {
        "global": "in any Azure region",
        "datazone": f"in the {zone} data zone" if zone else "in the EU or US data zone",
        "regional": f"in {wanted.region}" if wanted.region else "in one region",
    }[kind.scope]


def _type_refused(wanted: Wanted, kind: TypeFacts) -> str:
    if not wanted.offered:
        return ""
    regions = [region for sku, region in wanted.offered if sku == kind.sku]
    if not regions:
        return f"Not offered for {wanted.model} {wanted.version}.{_passing_type(wanted, kind)}"
    answers = [wanted.residency(kind.sku, region) for region in sorted(regions)]
    if any(answer.allowed for answer in answers):
        return ""
    return f"{answers[0].why}{_passing_type(wanted, kind)}"


def _passing_type(wanted: Wanted, kind: TypeFacts) -> str:
    """Name the type that would pass somewhere: billed alike first, then the widest scope."""
    passing = [
        other
        for sku, other in catalog.deployment_types().items()
        if any(s == sku and wanted.residency(s, region).allowed for s, region in wanted.offered)
    ]
    if not passing:
        return " No type of this model would pass; choose another model."
    billed = sorted(passing, key=lambda other: (other.billing != kind.billing, other.billing))
    return f" {billed[0].label} would pass."


def region_options(wanted: Wanted, only: str | None = None) -> list[Option]:
    """List the regions that offer the version, with what is free there for the chosen type."""
    offered = {region for _, region in wanted.offered}
    return [
        Option(
            name,
            name,
            hint=_region_hint(wanted, name) or region.display_name,
            why_not=_region_refused(wanted, name),
        )
        if only in (None, name)
        else Option(name, name)
        for name, region in catalog.regions().items()
        if name in offered or not wanted.offered
    ]


def _region_hint(wanted: Wanted, region: str) -> str:
    free = wanted.free(region)
    if free is None or wanted.kind is None:
        return ""
    amount = formats.quantity(free, wanted.kind.unit)
    return f"{amount} free" if free else "nothing free"


def _region_refused(wanted: Wanted, region: str) -> str:
    kind = wanted.kind
    if kind is None or not wanted.offered:
        return ""
    passing = wanted.types_in(region)
    instead = f" {passing[0].label} would pass." if passing else ""
    if (kind.sku, region) not in wanted.offered:
        return f"{kind.label} is not offered here.{instead}"
    residency = wanted.residency(kind.sku, region)
    if not residency.allowed:
        return f"{residency.why}{instead}"
    if wanted.tier and region not in wanted.pools:
        return f"No quota for {wanted.model} {kind.label} here. {_elsewhere(wanted, kind, region)}"
    return ""


def _elsewhere(wanted: Wanted, kind: TypeFacts, region: str) -> str:
    for other in wanted.roomy(region):
        return f"{other} has {formats.quantity(wanted.room(other), kind.unit)} free."
    return "No other region has quota for it either; ask the platform."


def capacity_problem(wanted: Wanted) -> str:
    """Say why the capacity cannot be had where it is wanted; empty if it can, or is not known."""
    amount, kind, region = wanted.capacity, wanted.kind, wanted.region
    if amount is None or kind is None or not region:
        return ""
    if kind.billing == "ptu" and (problem := _ptu_problem(wanted, amount)):
        return problem
    free = wanted.free(region)
    if free is None:
        return ""
    if amount > free:
        return f"{_free_of(free, kind)} free in {region}. {_less(wanted, free)}"
    machines = wanted.machines.get(region)
    if machines is not None and amount > machines:
        room = _free_of(machines, kind).replace(" are", "").replace(" is", "")
        return (
            f"The quota has room, but Azure’s machines in {region} can take {room[0].lower()}"
            f"{room[1:]} now. {_less(wanted, machines)}"
        )
    return ""


def _free_of(free: int, kind: TypeFacts) -> str:
    return f"{formats.quantity(free, kind.unit)} are" if free else "Nothing is"


def _less(wanted: Wanted, free: int) -> str:
    least = wanted.ptu_steps[0] if wanted.ptu_steps else 1
    if free < least:
        return "Take an alternative."
    return f"Ask for {formats.number(free)} or less, or take an alternative."


def _ptu_problem(wanted: Wanted, amount: int) -> str:
    kind, steps = wanted.kind, wanted.ptu_steps
    if kind is None or steps is None:
        return f"Microsoft gives no PTU sizing for {wanted.model}. Choose a type paid per token."
    least, step = steps
    if amount < least:
        return f"{kind.label} starts at {formats.quantity(least, 'PTU')}, in steps of {step}."
    if (amount - least) % step:
        below = amount - (amount - least) % step
        return (
            f"{kind.label} goes in steps of {step}: "
            f"ask for {formats.number(below)} or {formats.number(below + step)}."
        )
    return ""
