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
    from apps.provisioning.models import Job, Resource
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
    job = selectors.stuck_build(viewer, request)
    built = None if job else selectors.resource_of(viewer, request)
    return {"built": built, "job": job, "subject": request} if built or job else None


def acts(viewer: "Person", *, resource: "Resource", **_: Any) -> Context | None:
    """Offer what may be asked about a resource now, or to restore it."""
    found = selectors.ending_of(viewer, resource)
    may = found.may_ask or found.may_restore
    return {"ending": found} if may else None


def ending(viewer: "Person", *, resource: "Resource", **_: Any) -> Context | None:
    """Say when a resource ends, what is being asked about it, and what to press."""
    found = selectors.ending_of(viewer, resource)
    if not (found.job or found.open_act or found.soon):
        return None
    return {"ending": found}


def ends_soon(viewer: "Person", **_: Any) -> Context | None:
    """List what ends within a week, or has ended and waits for a word of its team."""
    todos = [
        {
            "icon": "alert-triangle" if one.expires_on <= teams.today() else "clock",
            "tone": "warn",
            "title": f"{one.name} {_ends(one)}",
            "text": f"{one.team.name}, {one.environment.label}. Renew it, or decommission it.",
            "url": reverse("resource", args=[one.pk]),
            "act": "Look",
        }
        for one in selectors.expired_of(viewer)
        if one.expires_on
    ]
    return {"todos": todos} if todos else None


def _end(resource: "Resource") -> list[tuple[str, str]]:
    """Say when it ends, while it lives; what is retiring says so at the top of its page."""
    if resource.status != "live":
        return []
    ends = resource.expires_on
    return [("Ends", formats.day(ends, today=teams.today()) if ends else "not by itself")]


def _ends(resource: "Resource") -> str:
    ends, today = resource.expires_on, teams.today()
    if ends is None:
        return "does not end"
    return f"{'ended' if ends <= today else 'ends'} {formats.day(ends, today=today)}"


def stuck(viewer: "Person", **_: Any) -> Context | None:
    """List the jobs that wait for the platform team."""
    todos = [
        {
            "icon": "alert-triangle",
            "tone": "bad",
            "title": f"{job.get_purpose_display()} of {_what(job)} is stuck",
            "text": f"{job.request.number}, {job.request.team.name}. {job.trouble}",
            "url": reverse("request", args=[job.request_id]),
            "act": "Look",
        }
        for job in selectors.stuck_jobs(viewer)
    ]
    return {"todos": todos} if todos else None


def _what(job: "Job") -> str:
    return job.resource.name if job.resource else job.request.title


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
            *_end(resource),
        ],
        "tags": sorted(resource.facts.get("tags", {}).items()),
        "azure_id": resource.azure_id if teams.may(viewer, Action.AZURE_RAW, team) else "",
        "stack_id": resource.stack_id if teams.may(viewer, Action.AZURE_RAW, team) else "",
    }


def _pretty(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)
