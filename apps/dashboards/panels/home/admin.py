"""The platform admin's home: whether usage comes in and is added up in time."""

from typing import TYPE_CHECKING, Any

from django.utils import timezone

from apps.dashboards.panels.home import words
from apps.kernel import formats
from apps.kernel.panels import once
from apps.usage import selectors as usage

if TYPE_CHECKING:
    from apps.teams.models import Person

Context = dict[str, Any]


def figures(viewer: "Person") -> Context | None:
    """Head the page with how far totals are behind the rows."""
    found = once(viewer, usage.health_for)
    if found is None:
        return None
    rows, refused = (formats.short_count(count) for count in (found.rows, found.refused))
    return {
        "kpis": [
            words.kpi(
                "Ingest lag",
                *words.parted(formats.duration(found.lag)),
                foot=f"24 h: {rows} stored, {refused} refused; {formats.as_of(timezone.now())}",
            )
        ]
    }


def ingest(viewer: "Person") -> Context | None:
    """Show what came, what waits and what is late."""
    found = once(viewer, usage.health_for)
    if found is None:
        return None
    first, *more = found.late or [""]
    others = formats.plural(len(more), "other thing")
    return {"health": found, "late": first, "more": f"And {others}." if more else ""}
