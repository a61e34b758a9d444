"""What provisioning shows on other chapters' pages."""

import json
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from apps.kernel import formats
from apps.provisioning import selectors
from apps.requests import selectors as requests
from apps.teams import selectors as teams
from apps.teams.roles import Action

if TYPE_CHECKING:
    from apps.provisioning.models import Resource
    from apps.requests.models import ResourceRequest
    from apps.teams.models import Person

Context = dict[str, Any]


def what_changes(viewer: "Person", *, request: "ResourceRequest", **_: Any) -> Context | None:
    """Show what a yes would change in Azure, and how old that answer is.

    `redo_now`: somebody who decides is looking at an old answer, so it is made anew at once.
    """
    job = selectors.what_if_job(request)
    changes = selectors.changes_of(request, job)
    if job is None and changes is None:
        return None
    making, trouble = selectors.is_live(job), selectors.in_trouble(job)
    may_redo = not making and selectors.may_redo(viewer, request)
    old = changes is None or bool(changes.why_old)
    raw = changes is not None and teams.may(viewer, Action.AZURE_RAW, request.team)
    return {
        "subject": request,
        "job": job,
        "changes": changes,
        "making": making,
        "trouble": trouble,
        "may_redo": may_redo,
        "redo_now": may_redo and old and not trouble and requests.may_decide(viewer, request),
        "template": _pretty(changes.what_if.template) if raw and changes else "",
        "answer": _pretty(changes.what_if.raw) if raw and changes else "",
    }


def progress(viewer: "Person", *, request: "ResourceRequest", **_: Any) -> Context | None:
    """Show the build: steps, attempts in plain words, Azure's own operations."""
    found = selectors.progress_of(viewer, request)
    return {"subject": request, "progress": found} if found else None


def timeline(viewer: "Person", *, request: "ResourceRequest", **_: Any) -> Context | None:
    """Say in the life of a request where its build stands."""
    entries = selectors.build_entries(request) if request.submitted_at else []
    return {"entries": entries} if entries else None


def actions(viewer: "Person", *, request: "ResourceRequest", **_: Any) -> Context | None:
    """Lead to what was built; offer Try again and Give up to those who run the platform."""
    built = selectors.resources_visible(viewer).filter(request=request).first()
    job = None if built else selectors.stuck_build(viewer, request)
    return {"built": built, "job": job, "subject": request} if built or job else None


def stuck(viewer: "Person", **_: Any) -> Context | None:
    """List the jobs that wait for the platform team."""
    todos = [
        {
            "icon": "alert-triangle",
            "tone": "bad",
            "title": f"{job.get_purpose_display()} of {job.request.title} is stuck",
            "text": f"{job.request.number}, {job.request.team.name}. {job.trouble}",
            "url": reverse("request", args=[job.request_id]),
            "act": "Look",
        }
        for job in selectors.stuck_jobs(viewer)
    ]
    return {"todos": todos} if todos else None


def row_of(resource: "Resource") -> Context:
    """Lay out one resource for a table, or for the head of its page."""
    facts = dict(selectors.facts_of(resource))
    return {
        "resource": resource,
        "model": facts.get("Model", ""),
        "type": facts.get("Deployment type", ""),
        "capacity": facts.get("Capacity", ""),
    }


def search(viewer: "Person", *, query: str, **_: Any) -> Context | None:
    """Find deployments."""
    hits = [
        {
            "title": one.name,
            "text": f"{one.facts.get('model', '')}, {one.region}, {one.team.name}",
            "url": reverse("resource", args=[one.pk]),
            "status": one.state,
        }
        for one in selectors.search(viewer, query)
    ]
    return {"title": "Deployments", "hits": hits} if hits else None


def facts(viewer: "Person", *, resource: "Resource", **_: Any) -> Context:
    """List what is known of a resource, and who stands for it."""
    placement, team = resource.placement, resource.team
    account = "–"
    if placement:
        account = f"{placement.name} ({placement.get_owner_display().lower()})"
    return {
        "facts": [
            *(pair for pair in selectors.facts_of(resource) if pair[0] != "Account"),
            ("Region", resource.region),
            ("Account", account),
            ("Owner", f"{team.name} ({resource.get_owner_display().lower()})"),
            ("Business unit", team.business_unit.name),
            ("Workload", resource.workload.slug),
            ("Environment", resource.environment.label),
            ("Built", formats.moment(resource.built_at)),
        ],
        "tags": sorted(resource.facts.get("tags", {}).items()),
        "azure_id": resource.azure_id if teams.may(viewer, Action.AZURE_RAW, team) else "",
        "stack_id": resource.stack_id if teams.may(viewer, Action.AZURE_RAW, team) else "",
    }


def _pretty(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)
