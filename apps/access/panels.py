"""What access shows on a resource's page."""

from typing import TYPE_CHECKING, Any

from apps.access import selectors

if TYPE_CHECKING:
    from apps.provisioning.models import Resource
    from apps.teams.models import Person

Context = dict[str, Any]


def way_in(viewer: "Person", *, resource: "Resource", **_: Any) -> Context | None:
    """Say where to call and what to paste."""
    found = selectors.connection(viewer, resource)
    return {"connection": found} if found else None


def who_and_how_much(viewer: "Person", *, resource: "Resource", **_: Any) -> Context | None:
    """Say who holds a grant, how they sign in, and what to expect."""
    found = selectors.connection(viewer, resource)
    if found is None:
        return None
    return {
        "connection": found,
        "grants": selectors.grants_of(viewer, resource),
        "keys_off": resource.facts.get("keys_off", False),
    }
