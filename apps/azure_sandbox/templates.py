"""ARM templates: parameters checked, resources named, ordered and filled in.

Both forms are read: `resources` as a list, and by symbolic name (`languageVersion` 2.0, Bicep's).
`copy`, linked and nested templates are answered with 501.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from apps.azure_sandbox import resources
from apps.azure_sandbox.errors import Json, bad_request, group_not_found, invalid_template
from apps.azure_sandbox.errors import not_implemented as unknown
from apps.azure_sandbox.expressions import Function, UnresolvedError, evaluate, is_expression
from apps.azure_sandbox.functions import PLAIN, resource_id, subscription_resource_id
from apps.azure_sandbox.ids import SPELLING, build, parse
from apps.azure_sandbox.parameters import resolve, spelled
from apps.azure_sandbox.sandbox import TENANT, Sandbox

BODY = ("location", "tags", "kind", "sku", "identity", "plan", "zones", "managedBy", "properties")


@dataclass
class Planned:
    """One resource of a template: `body` may still hold expressions that need live resources."""

    id: str
    api_version: str
    body: Json
    source: Json
    symbol: str = ""
    after: list[str] = field(default_factory=list)


@dataclass
class Plan:
    """A template with its parameters, worked out for a scope (a resource group or subscription)."""

    scope: str
    deployment: str
    template: Json
    parameters: Json
    resources: list[Planned] = field(default_factory=list)
    unsupported: list[tuple[str, str]] = field(default_factory=list)

    def names(self) -> dict[str, str]:
        """Say which id a name, symbol or id within the template means."""
        found: dict[str, str] = {}
        for resource in self.resources:
            parts = parse(resource.id)
            full = "/".join(parts.names) if parts else resource.id.rsplit("/", 1)[1]
            for word in (full, resource.symbol, resource.id):
                found.setdefault(word.lower(), resource.id)
        return found


def expand(az: Sandbox, scope: str, deployment: str, properties: Json) -> Plan:
    """Work a deployment's template out; refuses with InvalidTemplate as Azure's validation does."""
    template = properties.get("template")
    if not isinstance(template, dict):
        if "templateLink" in properties:
            raise unknown("templates by link")
        raise bad_request(
            "The request content was invalid and could not be deserialized: 'template'."
        )
    for need in ("$schema", "contentVersion", "resources"):
        if need not in template:
            raise invalid_template(f"Required property '{need}' not found in JSON. Path ''")
    plan = Plan(scope, deployment, template, {})
    plan.parameters = resolve(template, properties, functions_of(az, plan))
    wanted: list[str] = []
    functions = functions_of(az, plan, wanted=wanted)
    for symbol, source in _flatten(template["resources"]):
        _refuse_unknown(source)
        if evaluate(source.get("condition", True), functions) is False:
            continue
        _plan_one(plan, symbol, source, functions, wanted)
    _link(plan, functions)
    return plan


def fill(az: Sandbox, plan: Plan, source: Json) -> Json:
    """Evaluate one resource's body while deploying, when what it refers to exists."""
    functions = functions_of(az, plan)
    return {k: evaluate(source[k], functions) for k in BODY if k in source}


def outputs(az: Sandbox, plan: Plan) -> Json:
    """Evaluate a template's outputs after the deployment."""
    functions = functions_of(az, plan)
    found = {}
    for name, output in (plan.template.get("outputs") or {}).items():
        if evaluate(output.get("condition", True), functions) is False:
            continue
        kind = output["type"]
        found[name] = {"type": spelled(kind), "value": evaluate(output["value"], functions)}
        if kind.lower().startswith("secure"):
            del found[name]["value"]
    return found


def functions_of(az: Sandbox, plan: Plan, wanted: list[str] | None = None) -> dict[str, Function]:
    """Bind the functions that know the deployment.

    With `wanted`, nothing is deployed yet: `reference` notes what it needs there and gives up.
    """

    def parameters(name: str) -> Any:
        return _named("parameters", plan.parameters, name)

    def variables(name: str) -> Any:
        return evaluate(_named("variables", plan.template.get("variables") or {}, name), table)

    def reference(target: str, *more: str) -> Any:
        key = plan.names().get(target.lower(), target)
        if wanted is not None:
            wanted.append(target)
            if target.lower() in plan.names() or resources.find(az, key) is None:
                raise UnresolvedError(target)
        live = resources.find(az, key)
        if live is None:
            raise KeyError(f"The resource '{target}' is not defined in the template")
        return live if more and more[-1].lower() == "full" else live.get("properties", {})

    table: dict[str, Function] = {
        **PLAIN,
        "parameters": parameters,
        "variables": variables,
        "reference": reference,
        "resourceid": resource_id(plan.scope),
        "subscriptionresourceid": subscription_resource_id(plan.scope),
        "resourcegroup": lambda: group_of(az, plan.scope),
        "subscription": lambda: {
            "id": "/".join(plan.scope.split("/")[:3]),
            "subscriptionId": plan.scope.split("/")[2],
            "tenantId": TENANT,
        },
        "tenant": lambda: {"tenantId": TENANT},
        "deployment": lambda: {"name": plan.deployment},
    }
    return table


def group_of(az: Sandbox, scope: str) -> Json:
    """Find the resource group of a scope."""
    group = az.store.get("groups", scope)
    if group is None:
        raise group_not_found(scope.rsplit("/", 1)[-1])
    return group


def _named(kind: str, values: Json, name: str) -> Any:
    for key, value in values.items():
        if key.lower() == name.lower():
            return value
    raise KeyError(f"The template {kind[:-1]} '{name}' is not found")


def _flatten(resources: Any, parent: Json | None = None) -> list[tuple[str, Json]]:
    """Give every resource with its symbol; nested children get their full type and name."""
    named = resources.items() if isinstance(resources, dict) else (("", r) for r in resources)
    out: list[tuple[str, Json]] = []
    for symbol, resource in named:
        source = dict(resource)
        children = source.pop("resources", None) or []
        for need in ("type", "apiVersion", "name"):
            if need not in source:
                raise invalid_template(f"The template resource lacks the required '{need}'")
        if parent:
            source["type"] = f"{parent['type']}/{source['type']}"
            source["name"] = f"[concat({_inner(parent['name'])}, '/', {_inner(source['name'])})]"
        out += [(symbol, source), *_flatten(children, source)]
    return out


def _inner(value: str) -> str:
    return value[1:-1] if is_expression(value) else "'" + value.replace("'", "''") + "'"


def _refuse_unknown(source: Json) -> None:
    if "copy" in source:
        raise unknown("copy loops in templates")
    if source.get("existing"):
        raise unknown("existing resources in templates")
    if source["type"].lower() == "microsoft.resources/deployments":
        raise unknown("nested deployments in templates")


def _plan_one(
    plan: Plan, symbol: str, source: Json, functions: dict[str, Function], wanted: list[str]
) -> None:
    kind = str(SPELLING.get(source["type"].lower(), source["type"]))
    try:
        name = str(evaluate(source["name"], functions))
        scope = evaluate(source["scope"], functions) if "scope" in source else plan.scope
    except UnresolvedError:
        plan.unsupported.append((kind, source["name"]))
        return
    if kind.count("/") != name.count("/") + 1:
        raise invalid_template(
            f"The template resource '{name}' for type '{kind}' at line '1' and column '1' has "
            "incorrect segment lengths. A nested resource type must have identical number of "
            "segments as its resource name. A root resource type must have segment length one "
            "greater than its resource name. Please see https://aka.ms/arm-syntax-resources for "
            "usage details"
        )
    if kind.lower() == "microsoft.resources/resourcegroups":
        identity = f"{plan.scope}/resourceGroups/{name}"
    elif scope.startswith("/"):
        identity = build(scope, kind, name)
    else:
        base_kind, base_name = scope.rsplit("/", 1)
        identity = build(build(plan.scope, base_kind, base_name), kind, name)
    wanted.clear()
    body = {k: evaluate(source[k], functions, keep=True) for k in BODY if k in source}
    if any(r.id.lower() == identity.lower() for r in plan.resources):
        raise invalid_template(f"The resource '{identity}' is defined multiple times in a template")
    plan.resources.append(
        Planned(identity, source["apiVersion"], body, source, symbol, after=list(wanted))
    )


def _link(plan: Plan, functions: dict[str, Function]) -> None:
    """Turn dependsOn and references into ids, and put the resources into an order that works."""
    names = plan.names()
    for resource in plan.resources:
        explicit = [str(evaluate(d, functions)) for d in resource.source.get("dependsOn") or []]
        for word in explicit:
            if word.lower() not in names:
                raise invalid_template(
                    f"The resource '{word}' is not defined in the template. Please see "
                    "https://aka.ms/arm-syntax for usage details"
                )
        linked = {names[w.lower()].lower() for w in explicit + resource.after if w.lower() in names}
        resource.after = sorted(linked - {resource.id.lower()})
    waiting, done = list(plan.resources), set[str]()
    ordered: list[Planned] = []
    while waiting:
        ready = [r for r in waiting if set(r.after) <= done]
        if not ready:
            raise invalid_template("Circular dependency detected on resources")
        ordered += ready
        done |= {r.id.lower() for r in ready}
        waiting = [r for r in waiting if r not in ready]
    plan.resources = ordered
