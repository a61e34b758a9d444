"""How long a model is still there, as a badge."""

from dataclasses import dataclass
from datetime import date

from apps.catalog.selectors.facts import VersionFacts
from apps.catalog.selectors.offers import versions
from apps.kernel import formats


@dataclass(frozen=True, slots=True)
class Life:
    """A badge: label, tone and icon."""

    label: str
    tone: str
    icon: str


def life_of(version: VersionFacts, on: date) -> Life:
    """Say until when a version is there."""
    if version.retired(on):
        since = f" {formats.day(version.retires_on, today=on)}" if version.retires_on else ""
        return Life(f"Retired{since}", "off", "circle-minus")
    if version.retires_on is None:
        return Life("No end known", "off", "calendar")
    when = formats.day(version.retires_on, today=on)
    if version.ends_soon(on):
        return Life(f"Retires {when}", "warn", "calendar-exclamation")
    return Life(f"Until {when}", "good", "circle-check")


def newest(model: str, on: date) -> VersionFacts | None:
    """Return the newest version that is still there, else the newest."""
    found = versions(model)
    return next((one for one in found if not one.retired(on)), found[0] if found else None)


def life(model: str, on: date) -> Life:
    """Say until when a model is there: until its newest version goes."""
    version = newest(model, on)
    return life_of(version, on) if version else Life("Not offered", "off", "circle-dashed")
