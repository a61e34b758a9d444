"""Who decides what: policy × request × what happened before, one hand-written cell per person.

Cells: y = may decide, d = may, for somebody they act for, o = asked for it themselves, n = not
their role, v = has voted here already, s = somebody has spoken for them or for whom they act,
e = four eyes: decided by them or for them at another step, f = acts for whoever asked.
"""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from apps.approvals import services
from apps.approvals.models import Decision, Delegation
from apps.approvals.selectors import inbox
from apps.kernel.errors import PortalError
from apps.teams.models import Membership, Person
from tests.approvals.offices import CHEAP, again, in_force, one_rule
from tests.requests.asks import room, submitted

pytestmark = pytest.mark.django_db
#      own team  same BU  other BU  platform            business
WHO = ["alice", "bob", "dora", "charlie", "petra", "jonas", "sami", "fiona", "audra"]
SAYS = {
    "y": "",
    "d": "",
    "o": "Nobody decides on their own request. A colleague has to.",
    "n": "decides now, and that is not your role.",
    "v": "You have said yes to",
    "s": "here already.",
    "e": "Four eyes:",
    "f": "who asked. Nobody decides on their own request.",
}


def acts(giver, to, **span):
    def happen(people, row):
        now = timezone.now()
        begins, ends = span.get("begins", -1), span.get("ends", 1)
        Delegation.objects.create(
            by_person=getattr(people, giver),
            to_person=getattr(people, to),
            from_at=now + timedelta(days=begins),
            to_at=now + timedelta(days=ends),
            made_by=getattr(people, giver),
        )

    return happen


def says_yes(who, label=""):
    def happen(people, row):
        step = row.steps.get(label=label).pk if label else None
        services.approve(request=row, step=step, by=again(getattr(people, who)))

    return happen


def handed_to(who):
    def happen(people, row):
        person = getattr(people, who)
        services.assign(request=row, step=None, person=person, why="Knows it.", by=people.petra)

    return happen


def also(who, role):
    def happen(people, row):
        Membership.objects.create(person=getattr(people, who), role=role)

    return happen


def loses_all(who):
    def happen(people, row):
        Membership.objects.filter(person=getattr(people, who)).delete()

    return happen


def leaves(who):
    def happen(people, row):
        Person.objects.filter(pk=getattr(people, who).pk).update(is_active=False)

    return happen


PLATFORM = one_rule("label: Platform, who: platform")
TWO = one_rule("label: Platform, who: platform, quorum: 2")
ALL = one_rule("label: Platform, who: platform, quorum: all")
FINANCE = one_rule("label: Finance, who: finance")
SECURITY = one_rule("label: Security, who: security")
TEAM = one_rule("label: Lead, who: team")
NAMED = one_rule("label: Named, people: [dora@northwind.example, audra@northwind.example]")
BOARD = one_rule("label: Board, group: board, quorum: 2")
BESIDE = one_rule("label: Platform, who: platform", "label: Finance, who: finance")
EYES = one_rule("label: Platform, who: platform", "label: Finance, who: finance, distinct: true")
LATER = one_rule("label: Platform, who: platform", "label: Finance, who: finance, stage: 2")
#   policy, whose request, what happened before, step                    a b d c  p j  s f a
TABLE = {
    "the platform": (PLATFORM, "alice", [], "o n n n  y y  n n n"),
    "the platform, of a requester": (PLATFORM, "bob", [], "n o n n  y y  n n n"),
    "finance": (FINANCE, "alice", [], "o n n n  n n  n y n"),
    "security": (SECURITY, "alice", [], "o n n n  n n  y n n"),
    "the lead, of a requester": (TEAM, "bob", [], "y o n n  n n  n n n"),
    "the lead, of the lead": (TEAM, "alice", [], "o n n n  n n  n n n"),
    "two by name": (NAMED, "alice", [], "o n y n  n n  n n y"),
    "one of two by name asked": (NAMED, "bob", [leaves("audra")], "n o y n  n n  n n n"),
    "a group": (BOARD, "alice", [], "o n n n  y n  y y n"),
    "a group, after one": (BOARD, "alice", [says_yes("sami")], "o n n n  y n  v y n"),
    "two of the platform": (TWO, "alice", [says_yes("petra")], "o n n n  v y  n n n"),
    "all of the platform": (ALL, "alice", [], "o n n n  y y  n n n"),
    "all, and somebody new": (ALL, "alice", [also("sami", "approver")], "o n n n  y y  n n n"),
    "all, and one who left it": (ALL, "alice", [loses_all("jonas")], "o n n n  y n  n n n"),
    "two side by side": (BESIDE, "alice", [], "o n n n  y y  n y n"),
    "two side by side, after one": (
        BESIDE,
        "alice",
        [says_yes("petra", "Platform")],
        "o n n n  n n  n y n",
    ),
    "one after the other": (LATER, "alice", [], "o n n n  y y  n n n"),
    "one after the other, the second": (LATER, "alice", [says_yes("petra")], "o n n n  n n  n y n"),
    "four eyes": (
        EYES,
        "alice",
        [also("petra", "finance"), says_yes("petra", "Platform")],
        "o n n n  e n  n y n",
    ),
    "four eyes, the other way": (
        EYES,
        "alice",
        [also("fiona", "approver"), says_yes("fiona", "Finance")],
        "o n n n  y y  n e n",
    ),
    "for somebody away": (PLATFORM, "alice", [acts("petra", "charlie")], "o n n d  y y  n n n"),
    "for somebody away next week": (
        PLATFORM,
        "alice",
        [acts("petra", "charlie", begins=7, ends=9)],
        "o n n n  y y  n n n",
    ),
    "for somebody away last week": (
        PLATFORM,
        "alice",
        [acts("petra", "charlie", begins=-9, ends=-7)],
        "o n n n  y y  n n n",
    ),
    "for two who are away": (
        TWO,
        "alice",
        [acts("petra", "charlie"), acts("jonas", "charlie"), says_yes("petra")],
        "o n n d  v y  n n n",
    ),
    "for somebody who has decided": (
        TWO,
        "alice",
        [acts("petra", "charlie"), says_yes("petra")],
        "o n n s  v y  n n n",
    ),
    "somebody spoke for them": (
        TWO,
        "alice",
        [acts("petra", "charlie"), says_yes("charlie")],
        "o n n v  s y  n n n",
    ),
    "whoever asked acts for somebody": (
        PLATFORM,
        "alice",
        [acts("petra", "alice")],
        "o n n n  y y  n n n",
    ),
    "for whoever asked": (TEAM, "alice", [acts("alice", "dora")], "o n f n  n n  n n n"),
    "for somebody who lost the right": (
        PLATFORM,
        "alice",
        [acts("jonas", "charlie"), loses_all("jonas")],
        "o n n n  y n  n n n",
    ),
    "for somebody who left": (
        PLATFORM,
        "alice",
        [acts("jonas", "charlie"), leaves("jonas")],
        "o n n n  y n  n n n",
    ),
    "handed on by two": (
        PLATFORM,
        "alice",
        [acts("petra", "charlie"), acts("charlie", "dora")],
        "o n n d  y y  n n n",
    ),
    "four eyes for the voice": (
        one_rule("label: One, who: platform", "label: Two, who: platform, distinct: true"),
        "alice",
        [acts("petra", "charlie"), says_yes("charlie", "One")],
        "o n n e  e y  n n n",
    ),
    "handed to somebody": (SECURITY, "alice", [handed_to("dora")], "o n y n  n n  y n n"),
    "handed to somebody who is away": (
        SECURITY,
        "alice",
        [handed_to("dora"), acts("dora", "bob")],
        "o d y n  n n  y n n",
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_who_decides_what(people, case):
    policy, asks, before, cells = TABLE[case]
    in_force(policy)
    room()
    row = submitted(getattr(people, asks), **CHEAP)
    for happen in before:
        happen(people, row)
    got, said = {}, {}
    for who in WHO:
        got[who], said[who] = cell(again(getattr(people, who)), row)
    wanted = dict(zip(WHO, cells.split(), strict=True))
    assert {who: SAYS[one] for who, one in wanted.items() if SAYS[one] not in said[who]} == {}, said
    assert {who: one in "yd" for who, one in wanted.items()} == {
        who: found != "" for who, found in got.items()
    }
    assert {who for who, one in wanted.items() if one == "d"} == {
        who for who, voice in got.items() if voice and voice != getattr(people, who).name
    }
    waits = {who for who in WHO if inbox(again(getattr(people, who))).exists()}
    assert waits == {
        who for who, one in wanted.items() if one in "yd" and getattr(people, who).is_active
    }


def cell(person, row):
    """Let somebody say yes, and undo it: whose voice that was, or the sentence why not."""
    try:
        with transaction.atomic():
            services.approve(request=row, by=person)
            vote = Decision.objects.filter(step__request=row, person=person).latest("id")
            transaction.set_rollback(True)
    except PortalError as refused:
        return "", refused.message
    return vote.voice.name, ""
