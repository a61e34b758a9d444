"""The seven roles, and what each may do."""

from django.db import models


class Role(models.TextChoices):
    """What somebody is for a team, a business unit or the whole platform."""

    REQUESTER = "requester", "Requester"
    TEAM_LEAD = "team_lead", "Team lead"
    APPROVER = "approver", "Approver"
    PLATFORM_ADMIN = "platform_admin", "Platform admin"
    SECURITY = "security", "Security"
    FINANCE = "finance", "Finance"
    AUDITOR = "auditor", "Auditor"


class Action(models.TextChoices):
    """What a role may do in its scope."""

    REQUEST_CREATE = "request.create", "Ask for something"
    REQUEST_READ = "request.read", "See requests"
    REQUEST_WITHDRAW = "request.withdraw", "Withdraw a colleague's request"
    DECIDE_TEAM = "decide.team", "Decide for the team"
    DECIDE_PLATFORM = "decide.platform", "Decide for the platform"
    DECIDE_FINANCE = "decide.finance", "Decide for finance"
    DECIDE_SECURITY = "decide.security", "Decide for security"
    RESOURCE_READ = "resource.read", "See what was built"
    USAGE_READ = "usage.read", "See usage, latency and list cost"
    JOB_OPERATE = "job.operate", "Retry or give up a build"
    AZURE_RAW = "azure.raw", "See raw Azure answers"
    CATALOG_EDIT = "catalog.edit", "Edit the residency rules"
    CAPACITY_EDIT = "capacity.edit", "Set allowances and explain use"
    POLICY_EDIT = "policy.edit", "Edit the approval policies"
    NOTICES_OPERATE = "notices.operate", "See and retry what is sent to people"
    AUDIT_READ = "audit.read", "Read the audit trail"


DECISIONS = (
    Action.DECIDE_TEAM,
    Action.DECIDE_PLATFORM,
    Action.DECIDE_FINANCE,
    Action.DECIDE_SECURITY,
)
_READ = frozenset({Action.REQUEST_READ, Action.RESOURCE_READ, Action.USAGE_READ})
GRANTS: dict[Role, frozenset[Action]] = {
    Role.REQUESTER: _READ | {Action.REQUEST_CREATE},
    Role.TEAM_LEAD: _READ
    | {
        Action.REQUEST_CREATE,
        Action.REQUEST_WITHDRAW,
        Action.DECIDE_TEAM,
        Action.AUDIT_READ,
    },
    Role.APPROVER: _READ | {Action.DECIDE_PLATFORM},
    Role.PLATFORM_ADMIN: _READ
    | {
        Action.DECIDE_PLATFORM,
        Action.JOB_OPERATE,
        Action.AZURE_RAW,
        Action.CATALOG_EDIT,
        Action.CAPACITY_EDIT,
        Action.POLICY_EDIT,
        Action.NOTICES_OPERATE,
        Action.AUDIT_READ,
    },
    Role.SECURITY: _READ | {Action.DECIDE_SECURITY, Action.AUDIT_READ},
    Role.FINANCE: _READ | {Action.DECIDE_FINANCE},
    Role.AUDITOR: _READ | {Action.AUDIT_READ},
}

TEAM_ROLES = frozenset({Role.REQUESTER, Role.TEAM_LEAD})  # they end on the day their team ends


def roles_that_may(action: Action) -> list[Role]:
    """List the roles that `action` is granted to."""
    return [role for role, actions in GRANTS.items() if action in actions]
