"""The outbox: each delivery has one worker at a time, and none is lost with its worker."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from apps.notices.models import Delivery, Notice
from apps.notices.worker import claim, gather, send, write
from apps.teams.models import Person
from tests.notices.post import notice, tick
from tests.race import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def only():
    return Delivery.objects.get()


def test_a_worker_that_dies_between_send_and_write_sends_the_same_mail_again(people):
    notice(people.alice)
    now = timezone.now()
    gather(now=now)
    delivery = claim(now=now, mail=True)
    send(delivery)  # and here the power goes
    notice(people.alice, "later")
    assert claim(now=now, mail=True) is None, "it has a lease"
    tick(minutes=4)
    first, again, later = mail.outbox if mail.outbox[1].subject == "REQ-1 is approved" else (
        mail.outbox[0], mail.outbox[2], mail.outbox[1]
    )  # fmt: skip
    assert first.message()["Message-ID"] == again.message()["Message-ID"]
    assert first.body == again.body
    assert later.subject == "later"
    assert write(delivery, "sent", now=now) is False, "who overslept writes nothing"


def test_what_workers_die_of_for_three_days_is_given_up(people):
    notice(people.alice)
    gather(now=timezone.now())
    claim(now=timezone.now(), mail=True)
    assert tick(days=3, minutes=1) == 0
    assert (only().status, mail.outbox) == ("failed", [])
    assert only().trouble.startswith("The worker that had it stopped answering")


def test_nothing_is_sent_inside_a_transaction(people):
    from django.db import transaction

    notice(people.alice)
    gather(now=timezone.now())
    with transaction.atomic(), pytest.raises(RuntimeError, match="never inside a transaction"):
        send(claim(now=timezone.now(), mail=True))


def test_eight_workers_at_once_send_each_mail_once(people):
    everybody = list(Person.objects.all())
    for person in everybody:
        for n in range(5):
            notice(person, f"REQ-{n} is approved", request=None)
    outcomes = at_once([tick] * 8)
    assert not [one for one in outcomes if isinstance(one, Exception)], outcomes
    tick()
    assert sorted(one.to[0] for one in mail.outbox) == sorted(p.email for p in everybody)
    assert set(Delivery.objects.values_list("status", "attempts")) == {("sent", 1)}


def test_what_is_half_a_year_old_is_forgotten(people):
    from apps.notices import services

    old = timezone.now() - timedelta(days=181)
    notice(people.alice, "old")
    tick()
    Notice.objects.update(at=old)
    Delivery.objects.update(since_at=old)
    notice(people.alice, "new")
    assert services.forget_old(now=timezone.now()) == 1
    assert (Notice.objects.get().title, Delivery.objects.count()) == ("new", 0)
