"""Everything that `up` seeds, in its order, and how long each part took."""

import time
from collections.abc import Callable
from datetime import datetime

import structlog

from portal.demo.deployments import know_limits, seed_deployments
from portal.demo.endings import seed_endings
from portal.demo.history import seed_history
from portal.demo.organisation import seed_company, seed_organisation
from portal.demo.policies import seed_policies
from portal.demo.shares import seed_allowances
from portal.demo.wishes import seed_requests

log = structlog.get_logger(__name__)


def seed(until: datetime) -> None:
    """Make what is missing of the company and of its history up to a full hour."""
    people = seed_organisation()
    parts: dict[str, Callable[[], None]] = {
        "company_s": seed_company,
        "policies_s": lambda: seed_policies(people),
        "limits_s": know_limits,
        "deployments_s": lambda: seed_deployments(until),
        "allowances_s": seed_allowances,
        "endings_s": lambda: seed_endings(people, until),
        "requests_s": lambda: seed_requests(people),
        "history_s": lambda: seed_history(until=until),
    }
    took = {}
    for name, part in parts.items():
        began = time.perf_counter()
        part()
        took[name] = round(time.perf_counter() - began, 2)
    log.info("demo seeded", **took)
