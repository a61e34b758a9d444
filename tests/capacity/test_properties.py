"""In any order of acts, with crashes, repetitions and racers, the ledger adds up at each step."""

import random
from collections import Counter
from contextlib import suppress
from functools import partial

import pytest
from django.db import connection

from apps.capacity import selectors, services
from apps.capacity.models import Commitment, Hold
from apps.capacity.selectors.balance import differences
from apps.capacity.selectors.split import split_of
from apps.kernel.errors import PortalError
from apps.teams.roles import Role
from apps.teams.services import move_team
from tests.capacity.pools import PLACING, Ask, accounts, claim, pool, promised
from tests.crash import connection_ends_before
from tests.race import at_once
from tests.teams.organisation import Organisation, person

pytestmark = pytest.mark.django_db(transaction=True)
MINI = "OpenAI.GlobalStandard.gpt-5-mini"


class World:
    """Two pools, two units, three teams; `lives` is what should be true of each request."""

    def __init__(self, seed):
        self.dice, self.northwind = random.Random(seed), Organisation()  # noqa: S311
        self.admin, self.pools = person(Role.PLATFORM_ADMIN), [pool(120), pool(60, meter=MINI)]
        accounts()
        self.asks, self.lives = {}, {}

    def teams(self):
        return [self.northwind.claims, self.northwind.underwriting, self.northwind.fraud]

    def new(self):
        """Ask for something new, or for a change of something built that nobody changes now."""
        number = len(self.asks)
        built = [n for n, life in self.lives.items() if life == "built"]
        old = self.dice.choice(built) if built and self.dice.random() < 0.5 else None
        busy = {ask.instead_of for n, ask in self.asks.items() if self.lives[n] in OPEN}
        if old is not None and f"request:{old}" in busy:
            old = None
        team = self.asks[old].team if old is not None else self.dice.choice(self.teams())
        meters = [{}, {"meter": MINI}]
        ask = Ask(
            f"request:{number}",
            [claim(self.dice.randint(1, 30), **self.dice.choice(meters))],
            PLACING,
            why=f"REQ-{number}: x",
            team=team,
            instead_of=f"request:{old}" if old is not None else "",
            expected_nano=self.dice.choice([None, 5]),
        )
        self.asks[number], self.lives[number] = ask, "new"
        return number, "held", partial(services.hold, ask)

    def next(self):
        """Choose an act: (whose life it changes, into what, the act)."""
        open_ones = [n for n, life in self.lives.items() if life in WAYS]
        roll = self.dice.random()
        if roll < 0.15:
            return None, "", self.allow()
        if roll < 0.2:
            to = self.dice.choice([self.northwind.insurance, self.northwind.retail])
            return None, "", partial(move_team, team=self.northwind.claims, to=to, by=self.admin)
        if roll < 0.5 or not open_ones:
            return self.new()
        number = self.dice.choice(open_ones)
        to, act = self.dice.choice(WAYS[self.lives[number]])
        if to == "released" and self.lives[number] == "built" and self.is_changed(number):
            return self.new()
        return number, to, partial(act, self.asks[number])

    def is_changed(self, number):
        changes = [n for n, a in self.asks.items() if a.instead_of == f"request:{number}"]
        return any(self.lives[n] in OPEN for n in changes)

    def allow(self):
        return partial(
            services.set_allowance,
            pool_id=self.dice.choice(self.pools).pk,
            owner=self.dice.choice([*self.teams(), self.northwind.insurance]),
            limit=self.dice.choice([None, 20, 40, 60, 90]),
            by=self.admin,
        )

    def did(self, number, to):
        """Note what an act has done, to the old one of a change too."""
        if number is None:
            return
        self.lives[number] = to
        old = self.asks[number].instead_of
        if to == "built" and old:
            self.lives[int(old.split(":")[1])] = "over"

    def balanced(self):
        assert list(differences()) == []
        live = Hold.objects.exclude(subject__startswith="account:").filter(
            status__in=("held", "committed", "built")
        )
        states = {(h.subject, h.status) for h in live}
        expected = {
            (ask.subject, self.lives[n]) for n, ask in self.asks.items() if self.lives[n] in LIVE
        }
        assert states == expected
        costs = set(Commitment.objects.filter(to_on=None).values_list("subject", flat=True))
        assert costs == {subject for subject, life in expected if life != "held"}
        for one in self.pools:
            built = Counter()
            for n, ask in self.asks.items():
                if self.lives[n] == "built" and (ask.claims[0].meter == one.meter):
                    built[ask.team.pk] += ask.claims[0].amount
            assert sum(built.values()) <= promised(one) <= one.limit
            split = split_of(one.pk)
            assert all(split.promised.get(team, 0) >= amount for team, amount in built.items())


LIVE = ("held", "committed", "built")
OPEN = ("held", "committed")
WAYS = {
    "held": [
        ("committed", services.commit),
        ("committed", services.commit),
        ("released", services.release),
        ("expired", services.expire),
    ],
    "committed": [
        ("built", services.mark_built),
        ("built", services.mark_built),
        ("released", services.release),
    ],
    "built": [("released", services.release)],
}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_any_order_of_acts_with_crashes_and_repetitions(seed):
    world = World(seed)
    for _ in range(40):
        number, to, act = world.next()
        if world.dice.random() < 0.3:
            crash_in(act, world)
        with suppress(PortalError):
            if not is_through(number, to, world):
                act()
            world.did(number, to)
            if to in ("released", "built") and world.dice.random() < 0.3:
                act()
        world.balanced()


def crash_in(act, world):
    """Begin an act and end the connection before some statement of it; nothing is half done."""
    with connection_ends_before(world.dice.randint(1, 12)) as crash, suppress(PortalError):
        try:
            act()
        except crash.errors:
            assert crash.happened
    connection.close()
    if crash.happened:
        world.balanced()


def is_through(number, to, world):
    """Say whether an act that was begun with a crash in mind was through without one."""
    if number is None:
        return False
    live = Hold.objects.filter(subject=world.asks[number].subject).order_by("-pk").first()
    return live is not None and live.status == to


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_any_acts_at_once(seed):
    """Thirty acts on thirty requests of all teams, while allowances change."""
    world = World(100 + seed)
    steps = [world.new() for _ in range(30)]
    for number, to, act in steps:
        with suppress(PortalError):
            act()
            world.did(number, to)
    world.balanced()
    held = [n for n, life in world.lives.items() if life == "held"]
    acts = [(n, *world.dice.choice(WAYS["held"])) for n in held]
    fresh = [world.new() for _ in range(20)]
    allowances = [world.allow() for _ in range(6)]
    outcomes = at_once(
        [
            *(partial(act, world.asks[n]) for n, _, act in acts),
            *(act for _, _, act in fresh),
            *allowances,
        ]
    )
    assert all(o is None or isinstance(o, PortalError) for o in outcomes), outcomes
    for (number, to, _), outcome in zip([*acts, *fresh], outcomes, strict=False):
        if outcome is None:
            world.did(number, to)
    world.balanced()
    assert selectors.place_of("request:0") is None or world.lives[0] in LIVE
