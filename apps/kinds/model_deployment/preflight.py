"""Ask Azure what would stand in the way of a deployment now: account, name, quota, machines."""

from collections.abc import Mapping, Sequence
from typing import Any

from apps.catalog import selectors as catalog
from apps.cloud.client import Azure, azure
from apps.kernel.formats import quantity
from apps.provisioning.provisioner import Check, Work

Found = Mapping[str, Any] | None


def preflight(work: Work) -> Sequence[Check]:
    """Answer in the order in which the build would meet them."""
    client = azure(work.place.subscription_id, subject=work.subject)
    there = client.get(f"{work.place.account_id}/deployments/{work.name}")
    more = int(work.payload["capacity"])
    if there and work.azure_id:
        more -= int(there["sku"]["capacity"])
    ours = bool(work.azure_id) or client.stack(work.place.resource_group, work.stack_name)
    if there and ours and not work.azure_id:
        more = 0  # an earlier run of this build has made it
    return (
        _account(work, client),
        _name(work, there, ours=bool(ours)),
        _quota(work, client, more),
        _machines(work, client, more),
    )


def _account(work: Work, client: Azure) -> Check:
    place = work.place
    if client.get(place.account_id):
        return Check("Account", passed=True, sentence=f"{place.account} is there.")
    if client.deleted_account(place.region, place.resource_group, place.account):
        return Check(
            "Account",
            passed=False,
            sentence=f"{place.account} was deleted in Azure and not purged: it still keeps its "
            "name and the quota of what was on it. Somebody of the platform team has to purge or "
            "restore it; then try again. Another region would pass.",
            needs_person=True,
        )
    return Check("Account", passed=True, sentence=f"{place.account} is made first.")


def _name(work: Work, there: Found, *, ours: bool) -> Check:
    if there is None and work.azure_id:
        sentence = f"{work.name} is not in Azure now; the change makes it again."
        return Check("Name", passed=None, sentence=sentence)
    if there is None or ours:
        state = "is there and is changed where it is" if work.azure_id else "is free"
        return Check("Name", passed=True, sentence=f"{work.name} {state}.")
    return Check(
        "Name",
        passed=False,
        sentence=f"{work.place.account} has a deployment {work.name} already that somebody made "
        "past the portal. Ask the platform team to adopt or delete it, or choose another region.",
    )


def _quota(work: Work, client: Azure, more: int) -> Check:
    kind = catalog.deployment_types()[work.payload["sku"]]
    meter = catalog.meter(work.payload["model"], kind.sku)
    usage = next((one for one in client.usages(work.place.region) if one.name == meter), None)
    if usage is None:
        sentence = f"Azure lists no quota for it in {work.place.region}. Another region would pass."
        return Check("Quota", passed=False, sentence=sentence)
    free = max(0, usage.limit - usage.used)
    said = f"Azure has {free} of {usage.limit} free in the quota “{meter}”"
    if more <= free:
        needed = f"this needs {more}" if more > 0 else "this needs no more"
        return Check("Quota", passed=True, sentence=f"{said}; {needed}.")
    had = int(work.payload["capacity"]) - more
    less = f"Ask for {had + free} or less, or choose" if had + free else "Choose"
    return Check(
        "Quota",
        passed=False,
        sentence=f"{said}, and this needs {more}. {less} another region or deployment type.",
    )


def _machines(work: Work, client: Azure, more: int) -> Check:
    """Quota is a right, not a machine: Azure says apart what its machines can take."""
    asked, region = work.payload, work.place.region
    model = catalog.models()[asked["model"]]
    kind = catalog.deployment_types()[asked["sku"]]
    listed = client.model_capacities(model.format, asked["model"], asked["version"])
    here = [one.available for one in listed if (one.region, one.sku) == (region, kind.sku)]
    if not here:
        sentence = "Azure does not say how much its machines can take of this."
        return Check("Machines", passed=None, sentence=sentence)
    room = quantity(here[0], kind.unit)
    if more <= here[0]:
        sentence = f"Azure’s machines in {region} can take {room} more."
        return Check("Machines", passed=True, sentence=sentence)
    return Check(
        "Machines",
        passed=False,
        sentence=f"The quota has room, but Azure’s machines in {region} can take only {room} more "
        "now. Ask for less, or choose another region or deployment type.",
    )
