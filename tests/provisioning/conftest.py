"""Requests of one's own for every test, and a worker in this process."""

import itertools
import time

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from apps.approvals import services as approvals
from apps.capacity.models import Subscription
from apps.provisioning import worker
from apps.provisioning.models import Job
from apps.provisioning.selectors.balance import imbalances
from apps.requests import services as requests
from apps.teams.models import Workload
from portal.demo import SINCE, payload
from tests.capacity import pools
from tests.site import until

numbers = itertools.count(1)
METER = pools.METER
PLACES = (("prod", "swedencentral"), ("nonprod", "francecentral"), ("nonprod", "polandcentral"))


class Office:
    """What people do before and after the work: ask, approve; and the work itself, step by step."""

    broke_rows = False

    def __init__(self, people, azure):
        self.people, self.azure = people, azure
        self.begun = len(azure.requests())
        self.workload = f"claims-{next(numbers)}"
        # The sandbox outlives the tests, the rows do not: no request has the number of another.
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT setval('requests_resourcerequest_id_seq', %s)", [next(numbers) * 100]
            )
        team = people.alice.memberships.get().team
        self.row = Workload.objects.create(team=team, slug=self.workload, active_from=SINCE)
        for tier, region in PLACES:
            name = {"tier": tier, "name": f"ai-platform-{tier}"}
            Subscription.objects.get_or_create(azure_id=settings.AZURE_SUBSCRIPTIONS[tier], **name)
            pools.pool(1000, region=region, tier=tier)
            pools.accounts(region=region, tier=tier)

    def submitted(self, **changes):
        """A request that waits for a decision."""
        filled = {"workload": str(self.row.pk), "capacity": "10", "requests_per_day": "100"}
        filled |= changes
        draft = requests.save_draft(
            kind="model_deployment",
            payload=payload("policy-qa") | filled,
            by=self.people.alice,
        )
        requests.submit_request(request=draft, by=self.people.alice)
        draft.refresh_from_db()
        return draft

    def approved(self, **changes):
        """A request that everybody said yes to; its build is queued."""
        request = self.submitted(**changes)
        self.approve(request)
        return request

    def approve(self, request):
        """Say yes, where anybody is asked."""
        for who in (self.people.petra, self.people.fiona):
            request.refresh_from_db()
            if request.status == "in_review":
                approvals.approve(request=request, reason="", by=who)
        request.refresh_from_db()

    def build(self, request):
        return Job.objects.filter(request=request, purpose="build").latest("id")

    def what_if(self, request):
        return Job.objects.filter(request=request, purpose="what_if").latest("id")

    def step(self, job):
        """Do one step now, whenever it is due."""
        job.refresh_from_db()
        assert worker.advance_job(job.pk, now=max(job.due_at, timezone.now()), worker="test")
        job.refresh_from_db()
        return job

    def until(self, job, *, step="", most=60):
        """Work until the job is at `step`, or over."""
        job.refresh_from_db()
        for _ in range(most):
            if job.status not in ("queued", "working") or job.step == step:
                return job
            self.step(job)
            if job.due_at > timezone.now():
                time.sleep(0.05)
        raise AssertionError(f"{job} is still {job.status} at {job.step}: {job.trouble}")

    def until_true(self, asked):
        return until(asked, seconds=5, what="it")

    def puts(self, part):
        """Count the PUTs of this test whose address ends with `part`."""
        calls = self.azure.requests()[self.begun :]
        urls = [r["url"].split("?")[0] for r in calls if r["method"] == "PUT"]
        return len([url for url in urls if url.endswith(part)])


@pytest.fixture
def office(transactional_db, people, sandbox):
    sandbox.clear()
    made = Office(people, sandbox)
    yield made
    # Whatever a test did, promises and requests add up; unless it broke rows by hand.
    assert made.broke_rows or list(imbalances()) == []
    sandbox.clear()
