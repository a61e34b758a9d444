"""Presets: which ones somebody may start from, and which they may edit."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet

from apps.kernel.errors import NotFoundError
from apps.requests.models import Preset, ResourceRequest
from apps.requests.selectors.review import kind_named
from apps.teams import selectors as teams
from apps.teams.models import Person, Team
from apps.teams.roles import Action


def presets_visible(viewer: Person, kind: str = "") -> QuerySet[Preset]:
    """Return the presets for everybody, and those of teams whose requests the viewer sees."""
    seen = Q(team=None) | Q(team__in=teams.teams_where(viewer, Action.REQUEST_READ))
    rows = Preset.objects.filter(seen).select_related("team", "made_by")
    return rows.filter(kind=kind) if kind else rows


def preset_for(viewer: Person, pk: int) -> Preset:
    """Return one preset; one that is not visible is the same as one that does not exist."""
    found = presets_visible(viewer).filter(pk=pk).first()
    if found is None:
        raise NotFoundError
    return found


def may_keep_presets(viewer: Person, team: Team | None) -> bool:
    """Say whether the viewer keeps the presets of a team (its lead), or those for everybody."""
    action = Action.DECIDE_TEAM if team else Action.CATALOG_EDIT
    return teams.may(viewer, action, team)


def preset_scopes(viewer: Person, request: ResourceRequest) -> list[tuple[str, str]]:
    """List (value, label) of those for whom the viewer may keep a request's answers."""
    found = [("all", "Everybody")] if may_keep_presets(viewer, None) else []
    if may_keep_presets(viewer, request.team):
        found.append(("team", request.team.name))
    return found


def typed_of_preset(preset: Preset) -> Mapping[str, Any]:
    """Return the answers at the kind's present version, to start a form from."""
    kind = kind_named(preset.kind)
    if preset.payload_version == kind.payload_version:
        return dict(preset.payload)
    return kind.upgrade(preset.payload, preset.payload_version)
