"""The request's page while Azure is asked and while it builds."""

import pytest

from apps.provisioning.models import Job, Operation

NOW = "2026-11-23T12:00:00Z"
pytestmark = pytest.mark.django_db(transaction=True)


def page(client, url):
    answer = client.get(url)
    assert answer.status_code == 200, url
    return answer.content.decode().replace("\u00a0", " ")


def test_what_if_and_build_are_seen_as_they_go(office, client_of):
    request = office.submitted()
    petra, alice = client_of(office.people.petra), client_of(office.people.alice)
    url = f"/requests/{request.pk}/"
    waiting = page(petra, url)
    assert "Azure works out what a yes would change" in waiting
    assert f"/requests/{request.pk}/progress/?seen=" in waiting
    office.until(office.what_if(request))
    seen = page(petra, url)
    assert "sku.capacity" in seen
    assert "Raw what-if (admins only)" in seen
    assert "Raw what-if" not in page(alice, url)
    part = petra.get(f"{url}progress/")
    assert "sku.capacity" in part.content.decode()
    office.approve(request)
    assert "Waits for a worker" in page(alice, url)
    job = office.until(office.build(request), step="deployment")
    office.step(job)
    part = alice.get(f"{url}progress/")
    assert "Azure accepted the deployment" in part.content.decode()
    office.until(job)
    ended = alice.get(f"{url}progress/").content.decode()
    assert "Read back: done" in ended
    done = page(alice, url)
    assert "Built" in done
    assert client_of(office.people.charlie).get(f"{url}progress/").status_code == 404


def test_a_stuck_build_is_helped_from_the_page(office, client_of):
    request = office.approved()
    office.azure.fault("PUT .*/deploymentStacks/req-", code="ScopeLocked", times=2)
    job = office.until(office.build(request))
    url = f"/requests/{request.pk}/"
    petra, alice = client_of(office.people.petra), client_of(office.people.alice)
    seen = page(petra, url)
    assert "Try again" in seen
    assert "What Azure said (admins only)" in seen
    assert "x-ms-correlation-request-id" in seen
    hers = page(alice, url)
    assert "Try again" not in hers.split("Attempts, newest first")[0]
    assert "ScopeLocked" not in hers
    Operation.objects.create(job=job, message="over scope x", seen_at=NOW, changed_at=NOW)
    assert "over scope x" in page(petra, url)
    assert "over scope x" not in page(alice, url)
    assert "lift it in Azure" in hers
    assert "is stuck" in page(petra, "/")
    assert alice.post(f"/jobs/{job.pk}/retry/").status_code == 403
    assert client_of(office.people.charlie).post(f"/jobs/{job.pk}/retry/").status_code == 404
    assert petra.post(f"/jobs/{job.pk}/retry/").status_code == 302
    assert petra.post(f"/jobs/{job.pk}/retry/").status_code == 409  # somebody was faster
    office.until(job)
    assert petra.post(f"/jobs/{job.pk}/give-up/", {"reason": ""}).status_code == 409
    told = petra.post(f"/jobs/{job.pk}/give-up/", {"reason": "Locked for the audit."})
    assert told.status_code == 302
    request.refresh_from_db()
    assert request.status == "failed"
    assert Job.objects.get(pk=job.pk).status == "cancelled"
    assert "Locked for the audit." in page(alice, url)


def test_the_what_if_is_redone_by_a_button_and_by_itself(office, client_of):
    request = office.submitted()
    office.until(office.what_if(request))
    petra = client_of(office.people.petra)
    url = f"/requests/{request.pk}/what-if/"
    assert petra.post(url).status_code == 302
    assert Job.objects.filter(request=request, purpose="what_if").count() == 2
    part = petra.post(url, headers={"HX-Request": "true"})
    assert 'id="what-changes"' in part.content.decode()
    assert Job.objects.filter(request=request, purpose="what_if").count() == 2
    assert petra.get(url).status_code == 405
