"""The request kind “model deployment”: a model of Azure OpenAI, as one type, in one region."""

from collections.abc import Mapping, Sequence
from typing import Any

from apps.capacity.protocols import Claim, Placing
from apps.catalog import selectors as catalog
from apps.kernel import formats
from apps.kinds.model_deployment.estimate import alternatives, estimate
from apps.kinds.model_deployment.options import check, options
from apps.kinds.model_deployment.spec import VERSION, ModelDeploymentSpec, upgrade
from apps.requests.kinds import Payload, RequestKind

SLUG = "model_deployment"


def title(data: Mapping[str, Any]) -> str:
    """Name a request: `gpt-5.1 Global Standard, 500 K TPM, swedencentral`."""
    kind = catalog.deployment_types().get(str(data.get("sku") or ""))
    what = " ".join(filter(None, (str(data.get("model") or ""), kind.label if kind else "")))
    digits = str(data.get("capacity") or "")
    known = kind and digits.isascii() and digits.isdigit() and len(digits) < 9
    amount = formats.quantity(int(digits), kind.unit) if kind and known else ""
    return ", ".join(part for part in (what, amount, str(data.get("region") or "")) if part)


def units(data: Mapping[str, Any]) -> Mapping[str, str]:
    """Name the unit of the capacity, once a type is chosen."""
    kind = catalog.deployment_types().get(str(data.get("sku") or ""))
    return {"capacity": kind.unit} if kind else {}


def claims(payload: Payload) -> Sequence[Claim]:
    """Claim the capacity from the pool that Azure counts it in."""
    data = payload.data
    return [
        Claim(
            tier=payload.tier,
            region=data["region"],
            meter=catalog.meter(data["model"], data["sku"]),
            amount=data["capacity"],
            unit=catalog.deployment_types()[data["sku"]].unit,
            model=data["model"],
            version=data["version"],
        )
    ]


def facts(payload: Payload) -> Mapping[str, str | int | None]:
    """Say what policies may look at; the deployment type by its SKU, the capacity in its unit."""
    data = payload.data
    kind = catalog.deployment_types().get(str(data.get("sku") or ""))
    model = catalog.models().get(str(data.get("model") or ""))
    return {
        "publisher": model.provider if model else None,
        "deployment_type": kind.sku if kind else None,
        "billing": kind.billing if kind else None,
        "capacity": data.get("capacity"),
        **{name: data.get(name) for name in ("model", "version", "region", "data_class")},
    }


def placing(payload: Payload) -> Placing:
    """Ask for a place on a shared account of the region."""
    return Placing(tier=payload.tier, region=payload.data["region"])


ANOTHER = "Another {} is another deployment: ask for a new one, then decommission this one."
FIXED = {
    "workload": ANOTHER.format("workload"),
    "environment": "An environment has its own subscription: ask for a new one there.",
    "model": ANOTHER.format("model"),
}


def in_place(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Change version and capacity where they are; a type or region is another place and quota."""
    return all(before[name] == after[name] for name in ("model", "sku", "region"))


KIND = RequestKind(
    slug=SLUG,
    label="Model deployment",
    icon="brain",
    help="A model of Azure OpenAI, with its own capacity and endpoint.",
    payload_version=VERSION,
    spec=ModelDeploymentSpec,
    options=options,
    check=check,
    estimate=estimate,
    alternatives=alternatives,
    claims=claims,
    placing=placing,
    title=title,
    units=units,
    upgrade=upgrade,
    facts=facts,
    fixed=FIXED,
    in_place=in_place,
    summary_template="kinds/model_deployment/summary.html",
    azure_actions=(
        "Microsoft.CognitiveServices/accounts/write",
        "Microsoft.CognitiveServices/accounts/deployments/write",
        "Microsoft.Resources/deployments/*",
        "Microsoft.Resources/deploymentStacks/*",
    ),
    offers=("sku", "region", "capacity"),
)
