"""Any order of acts, with crashes and repeated news: the ledger balances, and history explains."""

import random
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from apps.approvals import services
from apps.approvals.models import Decision, Offer, Round, Step
from apps.approvals.selectors import current_steps
from apps.kernel.errors import PortalError
from apps.kernel.events import ListenerDefectError
from apps.kernel.models import AuditEntry
from apps.provisioning.selectors.balance import imbalances
from apps.requests import services as requests
from apps.requests.models import ResourceRequest
from apps.requests.states import TRANSITIONS, UNDECIDED, RequestStatus
from tests.approvals.offices import again, in_force, one_rule
from tests.crash import connection_ends_before
from tests.requests.asks import draft, room, typed

ACTS, SHARE_OF_CRASHES = 45, 0.25
EVERYBODY = ("alice", "bob", "dora", "charlie", "petra", "jonas", "sami", "fiona", "audra")
POLICY = one_rule(
    "label: Platform, who: platform, quorum: 2, looks_at: [capacity], remind: 1d, deadline: 2d,"
    " escalate: {who: security}",
    "label: Security, who: security, looks_at: [region]",
    "label: Finance, who: finance, stage: 2, distinct: true",
)
SMALL = (
    "\n- id: A-09\n  name: Small ones approve themselves\n  when: capacity <= 20\n  waive: [T-01]"
)


@dataclass
class World:
    """Requests, people and a die; `did` is what happened, to read when it goes wrong."""

    people: object
    dice: random.Random
    rows: list[Any] = field(default_factory=list)
    did: list[Any] = field(default_factory=list)

    def who(self, *names):
        """Mostly somebody to whom the act belongs, sometimes anybody."""
        return again(getattr(self.people, self.dice.choice([*names * 6, *EVERYBODY])))

    def changes(self):
        return {
            "capacity": self.dice.choice([20, 80, 100, 150]),
            "region": self.dice.choice(["swedencentral", "francecentral"]),
            "requests_per_day": 100,
        }


def submit(world, row):
    requests.submit_request(request=row, by=world.who("alice", "bob"))


def save(world, row):
    by = world.who("alice", "bob")
    payload = typed(**world.changes())
    requests.save_draft(kind=row.kind, payload=payload, request=row, by=by)


def approve(world, row):
    services.approve(request=row, by=world.who("petra", "jonas", "sami", "fiona", "charlie"))


def reject(world, row):
    if world.dice.random() < 0.2:
        services.reject(request=row, reason="No.", by=world.who("petra", "sami"))


def ask(world, row):
    services.ask(request=row, body="Why?", by=world.who("petra", "sami"))


def answer(world, row):
    requests.answer(request=row, body="So.", by=world.who("alice", "bob"))


def offer(world, row):
    changes = {k: str(v) for k, v in world.changes().items() if k in ("capacity", "region")}
    by = world.who("petra", "jonas", "sami", "fiona")
    services.make_offer(request=row, changes=changes, note="This will do.", by=by)


def accept(world, row):
    services.accept_offer(request=row, by=world.who("alice", "bob"))


def decline(world, row):
    services.decline_offer(request=row, reason="No.", by=world.who("alice", "bob"))


def take_back_offer(world, row):
    services.take_back_offer(request=row, by=world.who("petra", "jonas"))


def change(world, row):
    requests.change_request(request=row, by=world.who("alice", "bob"))


def withdraw(world, row):
    if world.dice.random() < 0.3:
        requests.withdraw_request(request=row, by=world.who("alice"))


def hand_on(world, row):
    person = world.who("charlie", "dora")
    by = world.who("petra")
    services.assign(request=row, step=None, person=person, why="Knows it.", by=by)


def delegate(world, row):
    now = timezone.now()
    by = world.who("petra", "sami", "fiona")
    to = world.who("charlie", "jonas")
    services.delegate(to=to, from_at=now, to_at=now + timedelta(hours=1), by=by)


def time_goes_by(world, row):
    span = timedelta(days=world.dice.choice([1, 2, 9]), hours=1)
    Step.objects.update(due_at=F("due_at") - span, remind_at=F("remind_at") - span)
    Round.objects.update(expires_at=F("expires_at") - span, paused_at=F("paused_at") - span)
    services.keep_time()


def news_comes_twice(world, row):
    """What a listener hears again about what has ended already changes nothing."""
    event = type("Event", (), {"request_id": row.pk, "subject": row.ref})
    row.refresh_from_db()
    with transaction.atomic():
        if row.status not in UNDECIDED:
            services.close_steps(event)
        if row.status == RequestStatus.NEEDS_INFO:
            services.stop_clock(event)
        if row.status == RequestStatus.IN_REVIEW:
            services.resume_clock(event)
    services.expire(row.pk)


FITS = {
    "draft": (submit, submit, save),
    "returned": (submit, submit, save),
    "expired": (submit, save),
    "in_review": (approve, approve, approve, approve, offer, ask, change, hand_on, delegate),
    "needs_info": (answer, accept, accept, decline, take_back_offer),
}
ANY = (submit, save, approve, reject, ask, answer, offer, accept, decline, take_back_offer)
AROUND = (change, withdraw, hand_on, delegate, time_goes_by, news_comes_twice)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(6))
def test_any_order_of_acts(people, seed):
    in_force(POLICY + SMALL, expires="14d")
    room()
    world = World(people, random.Random(seed))  # noqa: S311
    world.rows = [draft(people.alice, **world.changes()) for _ in range(2)]
    for _ in range(ACTS):
        row = world.dice.choice(world.rows)
        row.refresh_from_db()
        if row.status not in FITS:  # over: another one takes its place
            world.rows[world.rows.index(row)] = draft(people.alice, **world.changes())
        fits = FITS.get(row.status, ANY) if world.dice.random() < 0.8 else (*ANY, *AROUND)
        act = world.dice.choice(fits)
        world.did.append(f"{act.__name__} {row.number}: {happens(act, world, row)}")
        explained(world)
    done = sum(line.endswith(": done") for line in world.did)
    assert done > ACTS / 4, "\n".join(world.did)


def happens(act, world, row):
    """Do it, sometimes with a connection that ends in the middle; say what became of it."""
    row = ResourceRequest.objects.get(pk=row.pk)
    n = world.dice.randrange(1, 80) if world.dice.random() < SHARE_OF_CRASHES else 10_000
    try:
        with connection_ends_before(n) as crash:
            act(world, row)
    except PortalError as refused:
        return refused.message
    except (*crash.errors, ListenerDefectError) as error:
        if not crash.happened:
            raise
        return f"crashed before statement {n}: {type(error).__name__}"
    finally:
        if crash.happened:
            connection.close()
    return "done"


def explained(world):
    told = "\n".join(world.did[-12:])
    assert list(imbalances()) == [], told
    for row in ResourceRequest.objects.all():
        assert history_of(row) == row.status, told
        stands(row, told)


def history_of(row):
    """Follow the audit trail: each move is allowed, and begins where the last one ended."""
    status = RequestStatus.DRAFT
    moves = AuditEntry.objects.filter(subject=row.ref, verb__in=RequestStatus.values)
    for move in moves.order_by("id"):
        assert move.before == {"status": status}, f"{move} does not follow {status}"
        assert move.verb in TRANSITIONS[RequestStatus(status)]
        status = move.verb
    return status


def stands(row, told):
    steps = current_steps(row) if row.submitted_at else []
    for step in steps:
        votes = list(step.decisions.all())
        assert row.requester_id not in {
            pk for vote in votes for pk in (vote.person_id, vote.voice_id)
        } or row.status in ("draft", "returned", "expired"), told
        if step.status == "approved":
            assert sum(not vote.is_no for vote in votes) >= step.needed, told
        if step.status == "open":
            assert sum(not vote.is_no for vote in votes) < step.needed, told
    found = {step.status for step in steps}
    undecided = row.status in UNDECIDED
    assert ("open" in found) == undecided, told
    assert undecided or "waiting" not in found, told
    if row.status == "approved":
        assert found <= {"approved", "not_needed"}, told
    assert ("rejected" in found) == (row.status == "rejected"), told
    offers = Offer.objects.filter(request=row, status="open").count()
    assert offers <= (row.status == "needs_info"), told
    running = Round.objects.filter(request=row, ended_at=None)
    assert running.count() == undecided, told
    assert running.filter(paused_at__isnull=False).count() == (row.status == "needs_info"), told
    with suppress(Decision.DoesNotExist):
        no = Decision.objects.get(step__request=row, verdict="reject")
        assert no.step.status == row.status == "rejected", told
