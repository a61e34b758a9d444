"""Delete a model deployment: look what would go, delete its stack, purge what is left of it.

look → remove → purge
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from apps.cloud.client import Azure, Running, azure
from apps.cloud.errors import NeedsPersonError
from apps.provisioning.provisioner import Gone, Next, Outcome, Wait, Work

ENDING: Mapping[str, str] = {
    "look": "Look what goes",
    "remove": "Delete deployment and stack",
    "purge": "Purge",
}


def run(step: str, work: Work) -> Outcome:
    """Run one of ENDING."""
    steps: Mapping[str, Callable[[Work, Azure], Outcome]] = {
        "look": _look,
        "remove": _remove,
        "purge": _purge,
    }
    return steps[step](work, azure(work.place.subscription_id, subject=work.subject))


def _look(work: Work, client: Azure) -> Outcome:
    """Let Azure say what would go with the stack; anything else than the deployment stops it."""
    group, stack = work.place.resource_group, work.stack_name
    if work.operation:
        outcome = client.look(work.operation)
    elif client.stack(group, stack) is None:
        return _without_stack(work, client)
    else:
        outcome = client.begin_stack_what_if(group, stack)
    if isinstance(outcome, Running):
        return _wait(outcome, "Azure works out what would go.")
    goes = _going(outcome.result)
    foreign = [one for one in goes if one.lower() != work.azure_id.lower()]
    if foreign:
        raise NeedsPersonError(
            f"The stack {stack} manages more than {work.name}: {', '.join(map(_short, foreign))} "
            "would go with it. Somebody has to take that out of the stack in Azure; then try again."
        )
    return Next(sentence=f"Only {work.name} goes." if goes else f"{work.name} is gone already.")


def _without_stack(work: Work, client: Azure) -> Outcome:
    """Go on where nothing is left; a deployment without its stack is not ours to delete unseen."""
    if client.get(work.azure_id) is None:
        return Next(sentence=f"{work.name} and its stack are gone already.")
    raise NeedsPersonError(
        f"The stack {work.stack_name} is gone, but {work.name} is still on {work.place.account}. "
        "Somebody has to delete the deployment in Azure; then try again."
    )


def _remove(work: Work, client: Azure) -> Outcome:
    group, stack = work.place.resource_group, work.stack_name
    if work.operation:
        outcome = client.look(work.operation)
    elif found := client.stack(group, stack):
        if found["properties"]["provisioningState"].lower() == "deleting":
            return Wait("", timedelta(seconds=1), "Azure deletes it.")
        outcome = client.begin_delete_stack(group, stack)
    else:
        return Next(sentence=f"{work.name} and its stack are deleted.")
    if isinstance(outcome, Running):
        return _wait(outcome, f"Azure deletes {work.name}.")
    return Next(sentence=f"{work.name} and its stack are deleted.")


def _purge(work: Work, client: Azure) -> Outcome:
    """Make sure that nothing keeps the quota: a deleted account does, until it is purged.

    Deployments themselves are never soft-deleted. An account that somebody deleted takes all its
    deployments with it, so it is purged here only where no other one might be restored with it.
    """
    place = work.place
    where = (place.region, place.resource_group, place.account)
    if work.operation:
        outcome = client.look(work.operation)
    elif client.get(work.azure_id) is not None:
        return Wait("", timedelta(seconds=2), f"Azure still shows {work.name}.")
    elif client.deleted_account(*where) is None:
        return Gone(f"Nothing is left of {work.name}; its quota is free again.")
    elif work.neighbours:
        raise NeedsPersonError(
            f"Somebody deleted the account {place.account} in Azure, with {work.neighbours} other "
            "live deployments. Until it is restored or purged, Azure counts their quota. Do one of "
            "the two in Azure; then try again."
        )
    else:
        outcome = client.begin_purge(*where)
    if isinstance(outcome, Running):
        return _wait(outcome, f"Azure purges the deleted account {place.account}.")
    return Gone(f"Nothing is left of {work.name}; its quota is free again.")


def _going(result: Mapping[str, Any]) -> Sequence[str]:
    """List the ids that a stack's what-if says would be deleted."""
    changes = result["properties"]["changes"]["resourceChanges"]
    return [one["id"] for one in changes if one["changeType"].lower() == "delete"]


def _short(azure_id: str) -> str:
    return azure_id.split("/providers/", 1)[-1]


def _wait(running: Running, sentence: str) -> Wait:
    return Wait(running.token, timedelta(seconds=running.retry_after), sentence)
