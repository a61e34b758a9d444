"""One request, from the catalogue to the endpoint, with real workers and the real SDK."""

import pytest

from tests.conftest import SHARED
from tests.sandbox import check_requests
from tests.site import start_worker, until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def worker(sandbox, tmp_path, people):
    started = start_worker(tmp_path)
    yield started
    started.stop()


def test_from_the_catalogue_to_the_endpoint(people, sandbox, worker, client_of, tmp_path):
    from apps.access import selectors as access
    from apps.approvals import services as approvals
    from apps.capacity import collectors
    from apps.capacity import selectors as capacity
    from apps.catalog import selectors as catalog
    from apps.kernel.models import AuditEntry
    from apps.provisioning import selectors as built
    from apps.provisioning.models import WhatIf
    from apps.requests import services as requests
    from apps.requests.states import RequestStatus
    from portal.demo import payload

    # A team looks in the catalogue; capacity says what may still be promised.
    assert ("GlobalStandard", "swedencentral") in catalog.availability("gpt-5.1", "2025-11-13")
    collectors.sync_all()
    where = {
        "tier": "prod",
        "region": "swedencentral",
        "meter": catalog.meter("gpt-5.1", "GlobalStandard"),
    }
    before = capacity.free(**where)
    assert before.free >= 500

    # The team makes a request.
    draft = requests.save_draft(
        kind="model_deployment", payload=payload("claims-triage"), by=people.alice
    )
    requests.submit_request(request=draft, by=people.alice)
    draft.refresh_from_db()
    assert draft.status == "in_review"
    assert capacity.free(**where).held == 500
    until(lambda: WhatIf.objects.filter(request=draft).exists(), seconds=20, what="the what-if")

    # People say yes.
    approvals.approve(request=draft, reason="Fits the pool.", by=people.petra)
    if draft.steps.filter(status="open").exists():
        approvals.approve(request=draft, reason="", by=people.fiona)

    # Provisioning builds it; access hands out the way in.
    def done():
        draft.refresh_from_db()
        assert draft.status not in ("needs_help", "returned"), draft.trouble
        return draft.status == "done"

    until(done, seconds=40, what="the build", log=worker.log)
    resource = draft.resource
    after = capacity.free(**where)
    assert (after.held, after.committed, after.built) == (0, 0, before.built + 500)
    way_in = access.connection(people.alice, resource)
    assert way_in.endpoint.startswith("https://")
    assert way_in.deployment == resource.name
    assert resource in built.resources_visible(people.bob)
    assert resource not in built.resources_visible(people.charlie)
    page = client_of(people.alice).get(f"/resources/{resource.pk}/").content.decode()
    assert way_in.endpoint in page
    assert "/openai/v1" in page
    assert client_of(people.charlie).get(f"/resources/{resource.pk}/").status_code == 404
    verbs = list(
        AuditEntry.objects.filter(subject=draft.ref).order_by("id").values_list("verb", flat=True)
    )
    states = [verb for verb in verbs if verb in RequestStatus.values]
    assert states == ["submitted", "in_review", "approved", "building", "done"], verbs

    # Every request that Azure got is one that Microsoft's own specs allow.
    if SHARED.exists():
        report = check_requests(SHARED, sandbox.requests_file, tmp_path / "report.json")
        assert (report["errors"], report["not_checked"]) == (0, 0), report["entries"]
