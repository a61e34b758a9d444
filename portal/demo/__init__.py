"""The demo organisation: made once, and only where settings.DEMO allows it."""

from portal.demo.deployments import know_limits, seed_deployments
from portal.demo.history import seed_history
from portal.demo.organisation import SINCE, seed_company, seed_organisation
from portal.demo.people import PASSWORD, PEOPLE, DemoPerson, end_demo
from portal.demo.policies import seed_policies
from portal.demo.seeding import seed
from portal.demo.shares import seed_allowances
from portal.demo.wishes import payload, seed_requests

__all__ = [
    "PASSWORD",
    "PEOPLE",
    "SINCE",
    "DemoPerson",
    "end_demo",
    "know_limits",
    "payload",
    "seed",
    "seed_allowances",
    "seed_company",
    "seed_deployments",
    "seed_history",
    "seed_organisation",
    "seed_policies",
    "seed_requests",
]
