"""Pages and acts of the work for a request, and of what was built."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.kernel.exports import csv_response
from apps.provisioning import panels, selectors, services
from apps.requests import selectors as requests

COLUMNS = (
    *("name", "status", "model", "version", "deployment_type", "capacity", "region", "account"),
    *("workload", "environment", "team", "business_unit", "request", "built_at"),
)


@require_POST
def request_what_if_redo(request: HttpRequest, pk: int) -> HttpResponse:
    """Have the what-if made anew."""
    subject = requests.request_for(request.user, pk)  # type: ignore[arg-type]
    services.redo_what_if(request=subject, by=request.user)  # type: ignore[arg-type]
    if request.htmx:  # type: ignore[attr-defined]
        context = panels.what_changes(request.user, request=subject)  # type: ignore[arg-type]
        return render(request, "provisioning/what_changes.html", context)
    return redirect("request", pk)


@require_POST
def job_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Go on with a stuck job."""
    job = selectors.job_for(request.user, pk)  # type: ignore[arg-type]
    services.retry_job(job=job, by=request.user)  # type: ignore[arg-type]
    return redirect("request", job.request_id)


@require_POST
def job_give_up(request: HttpRequest, pk: int) -> HttpResponse:
    """End a stuck job for good."""
    job = selectors.job_for(request.user, pk)  # type: ignore[arg-type]
    services.give_up(job=job, reason=request.POST.get("reason", ""), by=request.user)  # type: ignore[arg-type]
    messages.info(request, f"{job.request.number} is given up. Its capacity is free again.")
    return redirect("request", job.request_id)


@require_safe
def resources(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """List what was built, or export it as CSV."""
    asked = selectors.Asked.read(request.GET)
    if request.GET.get("format") == "csv":
        return _csv(request, asked)
    page = selectors.page_of(request.user, asked)  # type: ignore[arg-type]
    context = {
        "asked": asked,
        "page": page,
        "rows": [panels.row_of(one) for one in page.rows],
        "filters": _filters(request, asked),
        "filtered": any(v for k, v in vars(asked).items() if k != "cursor"),
    }
    return render(request, "provisioning/resources.html", context)


@require_safe
def resource(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one resource: where to call it, what it is, whose it is."""
    found = selectors.resource_for(request.user, pk)  # type: ignore[arg-type]
    return render(request, "provisioning/resource.html", panels.row_of(found))


@require_POST
def resource_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Begin a change, in the form of what is built."""
    found = selectors.resource_for(request.user, pk)  # type: ignore[arg-type]
    draft = services.begin_change(resource=found, by=request.user)  # type: ignore[arg-type]
    return redirect("request_edit", draft.pk)


@require_POST
def resource_renew(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for another lifetime."""
    found = selectors.resource_for(request.user, pk)  # type: ignore[arg-type]
    reason = request.POST.get("reason", "")
    asked = services.ask_renewal(resource=found, reason=reason, by=request.user)  # type: ignore[arg-type]
    return redirect("request", asked.pk)


@require_POST
def resource_decommission(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask to end it; whoever asks has typed its name."""
    found = selectors.resource_for(request.user, pk)  # type: ignore[arg-type]
    asked = services.ask_decommission(
        resource=found,
        typed=request.POST.get("typed", ""),
        reason=request.POST.get("reason", ""),
        by=request.user,  # type: ignore[arg-type]
    )
    return redirect("request", asked.pk)


@require_POST
def resource_restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo a retirement."""
    found = selectors.resource_for(request.user, pk)  # type: ignore[arg-type]
    services.restore(resource=found, by=request.user)  # type: ignore[arg-type]
    messages.success(request, f"{found.name} is live again, and so is the way in.")
    return redirect("resource", pk)


def _filters(request: HttpRequest, asked: selectors.Asked) -> list[dict[str, Any]]:
    """Lay out each filter with the addresses that its choices lead to."""
    drawn = []
    for name, values in selectors.filter_values(request.user).items():  # type: ignore[arg-type]
        chosen = getattr(asked, name)
        options = [
            {"label": label, "url": _url(request, name, value), "current": value == chosen}
            for value, label in values
        ]
        if len(options) > 1 or chosen:
            drawn.append(
                {
                    "name": name.capitalize(),
                    "value": dict(values).get(chosen, chosen),
                    "options": options,
                    "clear_url": _url(request, name, "") if chosen else "",
                }
            )
    return drawn


def _url(request: HttpRequest, name: str, value: str) -> str:
    query = request.GET.copy()
    query.pop("cursor", None)
    query[name] = value
    return f"?{query.urlencode()}"


def _csv(request: HttpRequest, asked: selectors.Asked) -> StreamingHttpResponse:
    rows = selectors.export_rows(request.user, asked)  # type: ignore[arg-type]
    return csv_response("deployments.csv", header=COLUMNS, rows=(_cells(one) for one in rows))


def _cells(one: Any) -> list[Any]:
    facts = one.facts
    return [
        *(one.name, one.state.label, facts.get("model"), facts.get("version")),
        *(facts.get("sku"), facts.get("capacity"), one.region, facts.get("account")),
        *(one.workload.slug, one.environment.slug, one.team.name),
        *(one.team.business_unit.name, one.request.number, one.built_at.isoformat()),
    ]
