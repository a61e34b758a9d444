"""Where the sources disagree, said in sentences that name source and date."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from apps.catalog.selectors.facts import Facts, QuotaFacts, VersionFacts
from apps.kernel import formats

# A model whose footnoted rows differ: the page does not say which version each is for.
LOWER_COUNTS = "Microsoft gives {model} two limits in tier {tier}; the lower one counts here."


@dataclass(frozen=True, slots=True)
class Disagreements:
    """Models by name: with quota but no region, with regions but no quota; retired yet listed."""

    quota_without_region: tuple[str, ...]
    regions_without_quota: tuple[str, ...]
    retired_but_listed: tuple[VersionFacts, ...]


def disagreements_of(facts: Facts, on: date) -> Disagreements:
    """Compare the tables with each other; a model counts once, whatever its versions."""
    placed, limited = {model for model, _ in facts.offers}, set(facts.quotas)
    return Disagreements(
        quota_without_region=tuple(sorted(limited - placed)),
        regions_without_quota=tuple(sorted(placed - limited)),
        retired_but_listed=tuple(
            version
            for versions in facts.versions.values()
            for version in versions
            if (version.model, version.version) in facts.offers and version.retired(on)
        ),
    )


def noted(facts: Facts) -> Facts:
    """Return the facts with each model's notes; those that depend on the day are `retired_note`."""
    found = disagreements_of(facts, date.min)
    notes: dict[str, list[str]] = {name: [] for name in facts.models}
    for name in found.quota_without_region:
        quota = facts.quotas[name][0]
        notes[name].append(
            f"Microsoft gives {name} a quota ({_said(quota)}), but no region offers it "
            "in the availability tables. It can be requested once a region does."
        )
    for name in found.regions_without_quota:
        notes[name].append(
            f"Microsoft offers {name} in regions, but no quota table names it. "
            "What is free comes from the subscription alone."
        )
    for name, quotas in facts.quotas.items():
        notes[name] += [
            LOWER_COUNTS.format(model=name, tier=tier) for tier in sorted(_double_tiers(quotas))
        ]
    notes = _with_opinions(facts, notes)
    models = {name: replace(model, notes=notes[name]) for name, model in facts.models.items()}
    return replace(facts, models=models)


def retired_note(listed: Sequence[VersionFacts]) -> str:
    """Say that versions of a model are retired although the availability tables list them."""
    first = listed[0]
    said = ", ".join(
        f"{one.version} (retired{f' {formats.day(one.retires_on)}' if one.retires_on else ''})"
        for one in listed
    )
    it, them = ("It", "version") if len(listed) == 1 else ("They", "versions")
    instead = f" Microsoft names {first.replacement} instead." if first.replacement else ""
    return (
        f"The availability tables still list {them} {said}; the dates are from {first.source}, "
        f"{formats.day(first.as_of)}. {it} cannot be chosen.{instead}"
    )


def _said(fact: QuotaFacts) -> str:
    return f"{fact.source}, {formats.day(fact.as_of)}"


def _double_tiers(quotas: Iterable[QuotaFacts]) -> set[int]:
    seen: set[tuple[str, int]] = set()
    double = set()
    for quota in quotas:
        key = (quota.sku, quota.tier)
        if key in seen:
            double.add(quota.tier)
        seen.add(key)
    return double


def _with_opinions(facts: Facts, notes: dict[str, list[str]]) -> dict[str, list[str]]:
    for name, opinions in facts.opinions.items():
        differing = [opinion for opinion in opinions if opinion.differs]
        if differing:
            first = differing[0]
            said = ", ".join(
                f"{formats.unit_price(one.per_1m_nano)} for {one.token_class.replace('_', ' ')}"
                for one in differing
            )
            notes[name].append(
                f"{first.source} ({formats.day(first.as_of)}) names another price per 1 M tokens: "
                f"{said}. Azure's own price counts."
            )
    return notes
