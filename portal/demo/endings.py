"""What ends: lifetimes of the environments, some deployments near their end, one retiring."""

from datetime import datetime, timedelta

from django.db import transaction

from apps.approvals import services as approvals
from apps.provisioning import services as provisioning
from apps.provisioning.models import Resource
from apps.requests.states import RequestStatus
from apps.teams.models import Environment, Membership, Person
from portal.demo.deployments import demo_built

LIFETIMES = {"dev": (30, True), "test": (120, False), "prod": (365, False)}
RETIRING = ("forecasting", "promo-effects")


@transaction.atomic
def seed_endings(people: dict[str, Person], until: datetime) -> None:
    """Give everything built its end, as if it had always been renewed, and let one go."""
    if Environment.objects.filter(lifetime_days__isnull=False).exists():
        return
    for slug, (days, retires) in LIFETIMES.items():
        Environment.objects.filter(slug=slug).update(lifetime_days=days, retires_expired=retires)
    today = until.date()
    built = list(demo_built().select_related("environment"))
    for one in built:
        days, _ = LIFETIMES[one.environment.slug]
        age = (today - one.built_at.date()).days
        one.expires_on = today + timedelta(days=days - age % days)
        one.reminded_on = today
    Resource.objects.bulk_update(built, ["expires_on", "reminded_on"])
    _retire(people)


def _retire(people: dict[str, Person]) -> None:
    team, workload = RETIRING
    going = demo_built().filter(team__slug=team, workload__slug=workload).first()
    lead = Membership.objects.filter(team__slug=team).order_by("pk").first()
    if going is None or lead is None:
        return
    asked = provisioning.ask_decommission(
        resource=going, typed=going.name, reason="The experiment is over.", by=lead.person
    )
    for by in (people["petra"], people["fiona"]):
        asked.refresh_from_db()
        if asked.status == RequestStatus.IN_REVIEW:
            approvals.approve(request=asked, reason="", by=by)
