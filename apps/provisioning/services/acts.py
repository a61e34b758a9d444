"""Ask about what was built, from its page: change, renew, decommission."""

from apps.kernel.errors import InvalidError
from apps.provisioning.models import Resource
from apps.requests import services as requests
from apps.requests.models import ResourceRequest
from apps.teams import services as teams
from apps.teams.models import Person
from apps.teams.roles import Action

Act = ResourceRequest.Act


def begin_change(*, resource: Resource, by: Person) -> ResourceRequest:
    """Begin a change, filled in with what is built; nothing is asked until it is submitted."""
    return requests.begin_act(act=Act.CHANGE, about=resource.ref, before=resource.request, by=by)


def ask_renewal(*, resource: Resource, reason: str = "", by: Person) -> ResourceRequest:
    """Ask for another lifetime of what is built, as it is."""
    return requests.ask_act(
        act=Act.RENEW, about=resource.ref, before=resource.request, reason=reason, by=by
    )


def ask_decommission(
    *, resource: Resource, typed: str, reason: str = "", by: Person
) -> ResourceRequest:
    """Ask to end what is built; its name is typed, so that nobody ends the wrong one."""
    teams.require(by, Action.REQUEST_CREATE, resource.team)
    if typed.strip() != resource.name:
        sentence = f"Type {resource.name} to decommission it; nothing was asked."
        raise InvalidError(sentence, {"typed": sentence})
    return requests.ask_act(
        act=Act.DECOMMISSION, about=resource.ref, before=resource.request, reason=reason, by=by
    )
