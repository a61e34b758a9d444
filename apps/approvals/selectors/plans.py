"""What the policies in force say of a request."""

from apps.approvals.rules import Plan, plan
from apps.approvals.selectors.policies import facts_of, in_force
from apps.requests.models import ResourceRequest


def plan_of(request: ResourceRequest) -> Plan:
    """Return the steps of a submitted request, and what forbids it."""
    return plan(in_force(), facts_of(request))
