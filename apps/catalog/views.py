"""The catalogue's pages: the list of models, one model, the residency rules."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from apps.catalog import selectors, services
from apps.catalog.selectors import browse
from apps.catalog.states import Task
from apps.kernel import panels
from apps.kernel.errors import NotFoundError
from apps.teams.roles import Action
from apps.teams.selectors import may, may_anywhere

COLUMNS = (
    ("name", "Model", ""),
    ("", "Good for", ""),
    ("context", "Context", "K"),
    ("input", "Input", "USD / 1 M"),
    ("cached", "Cached", "USD / 1 M"),
    ("output", "Output", "USD / 1 M"),
    ("", "Free now", "K TPM"),
    ("", "Where", ""),
    ("ends", "Life", ""),
)


@require_safe
def catalogue(request: HttpRequest) -> HttpResponse:
    """List the models, filtered as the address says."""
    today = timezone.now().date()
    asked = browse.Asked.read(request.GET.dict())
    found = browse.models_page(asked, today)
    context = {
        "asked": asked,
        "found": found,
        "rows": _with_free(request.user, found.rows, today),
        "total": len(selectors.models()),
        "filters": _filters(request.GET, asked),
        "columns": [_column(request.GET, asked.sort, *column) for column in COLUMNS],
        "kept": {k: v for k, v in request.GET.items() if k not in {"text", "cursor"}},
        "facts_as_of": max((one.as_of for one in _newest()), default=None),
        "price_source": selectors.price_source(),
        "conflicts": selectors.conflicts(today),
    }
    return render(request, "catalog/catalogue.html", context)


@require_safe
def model(request: HttpRequest, name: str) -> HttpResponse:
    """Show one model: where it runs, what it costs, its limits, its end, and what is disputed."""
    viewer: Any = request.user
    today = timezone.now().date()
    if name not in selectors.models():
        raise NotFoundError
    asked = request.GET.get("version", "")
    version = selectors.version(name, asked) or selectors.newest(name, today)
    context = {
        "sheet": selectors.model_sheet(name, version, today),
        "may_request": may_anywhere(viewer, Action.REQUEST_CREATE),
    }
    return render(request, "catalog/model.html", context)


@require_safe
def residency(request: HttpRequest) -> HttpResponse:
    """Show which data may be processed where; platform admins can change it."""
    viewer: Any = request.user
    context = {
        "classes": selectors.data_classes(),
        "rows": selectors.residency_table(),
        "may_edit": may(viewer, Action.CATALOG_EDIT, None),
    }
    return render(request, "catalog/residency.html", context)


@require_POST
def residency_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Allow or forbid one cell of the residency table."""
    viewer: Any = request.user
    rule = services.change_residency_rule(
        pk=pk,
        allowed=request.POST.get("allowed") == "yes",
        why=request.POST.get("why", ""),
        by=viewer,
    )
    word = "allowed" if rule.allowed else "not allowed"
    messages.info(request, f"{rule}: {word} from now on.")
    return redirect("residency")


def _with_free(
    viewer: Any, rows: Sequence[browse.ModelRow], on: date
) -> list[tuple[browse.ModelRow, list[panels.Shown]]]:
    """Give each row its cell of the panels that know what is free."""
    asked = [row for row in rows if row.version and not row.version.retired(on)]
    shown = [one for one in panels.collect("catalogue.free", viewer, rows=asked) if not one.failed]
    return [
        (
            row,
            [
                replace(one, context={"cell": one.context["cells"].get(row.model.name)})
                for one in shown
            ],
        )
        for row in rows
    ]


def _newest() -> list[selectors.VersionFacts]:
    return [versions[0] for name in selectors.models() if (versions := selectors.versions(name))]


def _url(query: QueryDict, **changed: str) -> str:
    """Return the same address with other values; a filter that changes begins at the first page."""
    new = query.copy()
    new.pop("cursor", None)
    for name, value in changed.items():
        new[name] = value
    return "?" + QueryDict.urlencode(_without_empty(new))


def _without_empty(query: QueryDict) -> QueryDict:
    for name in [name for name, value in query.items() if not value]:
        del query[name]
    return query


def _filters(query: QueryDict, asked: browse.Asked) -> list[dict[str, Any]]:
    types = {sku: kind.label for sku, kind in selectors.deployment_types().items()}
    tasks = {value: str(label) for value, label in Task.choices}
    return [
        _filter(query, "Runs in", "runs_in", asked.runs_in, browse.places()),
        _filter(query, "Task", "task", asked.task, tasks),
        _filter(query, "Deployment type", "sku", asked.sku, types),
        _filter(query, "Life", "life", asked.life, browse.LIVES, anything="all"),
    ]


def _filter(
    query: QueryDict,
    name: str,
    key: str,
    value: str,
    choices: Mapping[str, str],
    *,
    anything: str = "",
) -> dict[str, Any]:
    named = {k: v for k, v in choices.items() if k != anything}
    options = [
        {"label": label, "url": _url(query, **{key: choice}), "current": choice == value}
        for choice, label in {anything: "any", **named}.items()
    ]
    is_on = value != anything
    return {
        "name": name,
        "value": choices[value] if is_on else "",
        "options": options,
        "clear_url": _url(query, **{key: anything}) if is_on else "",
    }


def _column(query: QueryDict, sort: str, key: str, label: str, unit: str) -> dict[str, str]:
    column = {"label": label, "unit": unit, "number": "n" if unit else "", "url": "", "sorted": ""}
    if not key:
        return column
    return column | {
        "url": _url(query, sort=f"-{key}" if sort == key else key),
        "sorted": {key: "ascending", f"-{key}": "descending"}.get(sort, ""),
    }
