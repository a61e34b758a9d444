"""Queueing is repeatable, names are given once, and a nudge comes only after the commit."""

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import transaction
from django.utils import timezone

from apps.provisioning import services, tasks
from apps.provisioning.events import JobQueued
from apps.provisioning.models import Job
from apps.teams.models import Team, Workload
from portal.celery import app
from portal.demo import SINCE

pytestmark = pytest.mark.django_db(transaction=True)


def waiting():
    """Count the nudges that no worker has taken yet."""
    with app.connection_for_read() as broker:
        return broker.default_channel.client.llen(app.conf.task_default_queue)


def test_a_second_telling_queues_no_second_job(office):
    request = office.approved()
    told = SimpleNamespace(request_id=request.pk)
    with transaction.atomic():
        services.queue_what_if(told)
        services.carry_out(told)
    assert Job.objects.filter(request=request, purpose="what_if").count() == 1
    assert Job.objects.filter(request=request, purpose="build").count() == 1


def test_what_if_and_build_have_one_name(office):
    request = office.approved()
    names = {job.facts["name"] for job in Job.objects.filter(request=request)}
    assert names == {f"{office.workload}-prod-gpt-5.1"}


def test_a_name_that_another_team_has_on_the_account_gets_a_number(office):
    first = office.approved()
    Workload.objects.create(
        team=Team.objects.get(slug="fraud"), slug=office.workload, active_from=SINCE
    )
    office.people.alice.memberships.create(role="team_lead", team=Team.objects.get(slug="fraud"))
    second = office.submitted(
        workload=str(Workload.objects.get(team__slug="fraud", slug=office.workload).pk)
    )
    assert office.what_if(first).facts["name"] == f"{office.workload}-prod-gpt-5.1"
    assert office.what_if(second).facts["name"] == f"{office.workload}-prod-gpt-5.1-{second.pk}"


def test_nudges_of_the_sweep_do_not_pile_up(office):
    job = office.build(office.approved())
    Job.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    before = waiting()
    tasks.sweep()
    assert waiting() == before + Job.objects.count()
    with app.connection_for_read() as broker:
        name = app.conf.task_default_queue
        message = json.loads(broker.default_channel.client.lindex(name, 0))
    assert message["headers"]["expires"]
    assert job.status == "queued"


def test_a_nudge_comes_after_the_commit_and_not_without_it(office):
    before = waiting()
    with transaction.atomic():
        tasks.nudge(JobQueued(1, 1))
        assert waiting() == before
    assert waiting() == before + 1
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        tasks.nudge(JobQueued(1, 1))
        raise ZeroDivisionError
    assert waiting() == before + 1
