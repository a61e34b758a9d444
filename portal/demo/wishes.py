"""What the demo people ask for through the front door: workers build two, one waits."""

from apps.approvals import services as approvals
from apps.requests import selectors as asks
from apps.requests import services as requests
from apps.teams.models import Person, Workload
from portal.demo.organisation import WORKLOADS


def payload(workload: str, **changes: str) -> dict[str, str]:
    """Fill the form as somebody would: 500 K TPM of gpt-5.1 for claims, with `changes`."""
    return {
        "workload": str(Workload.objects.get(slug=workload).pk),
        "environment": "prod",
        "data_class": "internal",
        "purpose": "Sort incoming claims by urgency.",
        "model": "gpt-5.1",
        "version": "2025-11-13",
        "sku": "GlobalStandard",
        "region": "swedencentral",
        "capacity": "500",
        "requests_per_day": "20000",
        "input_tokens": "1155",
        "output_tokens": "211",
        **changes,
    }


def seed_requests(people: dict[str, Person]) -> None:
    """Ask for three things: two approved (workers build them), one that waits for Petra."""
    if asks.requests_visible(people["petra"]).filter(requester=people["alice"]).exists():
        return
    wanted: tuple[tuple[str, str, dict[str, str], str], ...] = (
        ("dora", "risk-notes", {"model": "gpt-5-mini", "version": "2025-08-07"}, "200"),
        ("charlie", "fraud-notes", {"environment": "test", "region": "francecentral"}, "50"),
        ("alice", "policy-qa", {}, "100"),
    )
    purposes = {slug: f"{text}." for _, slug, text in WORKLOADS}
    for who, workload, changes, amount in wanted:
        filled = payload(
            workload,
            **changes,
            purpose=purposes[workload],
            capacity=amount,
            requests_per_day="4200",
        )
        draft = requests.save_draft(kind="model_deployment", payload=filled, by=people[who])
        requests.submit_request(request=draft, by=people[who])
        if who != "alice":
            approvals.approve(request=draft, reason="", by=people["petra"])
