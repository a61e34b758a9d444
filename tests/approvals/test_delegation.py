"""Who acts for whom: dates, both names, no votes of one's own, nothing handed on further."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.approvals import services
from apps.approvals.models import Decision, Delegation
from apps.approvals.selectors import inbox, next_actors, rows_of, say_of
from apps.kernel.errors import ConflictError, InvalidError, NotAllowedError, StaleStateError
from apps.kernel.models import AuditEntry
from apps.requests import selectors as asks
from apps.requests import services as requests
from apps.teams.models import Membership
from tests.approvals.offices import CHEAP, again, in_force, one_rule, statuses
from tests.requests.asks import plain, room, submitted

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def row(people):
    room()
    return submitted(people.alice, **CHEAP)


def away(giver, to, *, begins=timedelta(0), days=2, by=None, **more):
    now = timezone.now()
    return services.delegate(
        to=to,
        from_at=now + begins,
        to_at=now + begins + days * DAY,
        for_person=giver if by else None,
        by=by or giver,
        **more,
    )


def test_a_delegate_decides_and_both_names_are_kept(people, client_of, row):
    away(people.petra, people.charlie, note="On leave.")
    charlie = again(people.charlie)
    assert [one.request_id for one in inbox(charlie)] == [row.pk]
    assert rows_of(inbox(charlie), charlie)[0].on_behalf == "Petra Novak"
    page = plain(client_of(people.charlie).get("/inbox/").content.decode())
    assert "for Petra Novak" in page
    page = plain(client_of(people.charlie).get(f"/requests/{row.pk}/").content.decode())
    assert "You decide for Platform for Petra Novak" in page
    step = row.steps.get(status="open")
    assert [one.name for one in next_actors(row, step)] == [
        "Jonas Hall",
        "Petra Novak",
        "Charlie Roth",
    ]
    services.approve(request=row, reason="For Petra.", by=again(people.charlie))
    vote = Decision.objects.get()
    assert (vote.person, vote.voice) == (people.charlie, people.petra)
    entry = AuditEntry.objects.get(subject=step.ref, verb="approved")
    assert (entry.actor_name, entry.after["for"]) == ("Charlie Roth", "Petra Novak")
    page = plain(client_of(people.alice).get(f"/requests/{row.pk}/").content.decode())
    assert "Platform: approved by Charlie Roth for Petra Novak" in page


def test_who_may_not_see_the_team_sees_this_request_only_and_as_long_as_they_decide(
    people, client_of, row
):
    client = client_of(people.charlie)
    assert client.get(f"/requests/{row.pk}/").status_code == 404
    given = away(people.petra, people.charlie)
    other = submitted(people.bob, **CHEAP)
    requests.withdraw_request(request=other, by=people.bob)
    assert client.get(f"/requests/{row.pk}/").status_code == 200
    assert client.get(f"/requests/{other.pk}/").status_code == 404
    services.end_delegation(delegation=given, by=people.petra)
    assert client.get(f"/requests/{row.pk}/").status_code == 404
    with pytest.raises(NotAllowedError):
        services.approve(request=row, by=again(people.charlie))


@pytest.mark.parametrize(("begins", "days"), [(DAY, 2), (timedelta(hours=1), 1)])
def test_it_counts_in_its_time_only(people, row, begins, days):
    away(people.petra, people.charlie, begins=begins, days=days)
    with pytest.raises(NotAllowedError, match=r"not your role"):
        services.approve(request=row, by=again(people.charlie))
    Delegation.objects.update(from_at=timezone.now() - 3 * DAY, to_at=timezone.now() - DAY)
    with pytest.raises(NotAllowedError, match=r"not your role"):
        services.approve(request=row, by=again(people.charlie))


def test_the_requester_decides_neither_as_delegate_nor_by_one(people):
    room()
    claims = Membership.objects.filter(person=people.alice).get().team
    Membership.objects.create(person=people.petra, role="requester", team=claims)
    away(people.petra, people.charlie)
    mine = submitted(again(people.petra), **CHEAP)
    with pytest.raises(NotAllowedError, match=r"You act for Petra Novak, who asked"):
        services.approve(request=mine, by=again(people.charlie))
    away(people.jonas, people.alice)
    hers = submitted(people.alice, **CHEAP)
    with pytest.raises(NotAllowedError, match=r"own request. A colleague has to"):
        services.approve(request=hers, by=again(people.alice))
    assert list(inbox(again(people.alice)).values_list("request", flat=True)) == [mine.pk]
    assert list(inbox(again(people.charlie)).values_list("request", flat=True)) == [hers.pk]


def test_one_vote_per_person_and_per_voice(people):
    in_force(one_rule("label: Platform, who: platform, quorum: 2"))
    room()
    row = submitted(people.alice, **CHEAP)
    away(people.petra, people.jonas)
    services.approve(request=row, by=again(people.jonas))
    with pytest.raises(ConflictError, match=r"You have said yes to Platform already"):
        services.approve(request=row, by=again(people.jonas))
    Delegation.objects.update(to_person=people.charlie)
    services.approve(request=row, by=again(people.charlie))
    row.refresh_from_db()
    assert row.status == "approved"
    second = submitted(people.alice, **CHEAP)
    services.approve(request=second, by=again(people.charlie))
    with pytest.raises(ConflictError, match=r"Charlie Roth has spoken for Petra Novak here"):
        services.approve(request=second, by=people.petra)
    third = submitted(people.alice, **CHEAP)
    services.approve(request=third, by=people.petra)
    with pytest.raises(ConflictError, match=r"Petra Novak, for whom you act, has decided here"):
        services.approve(request=third, by=again(people.charlie))


def test_four_eyes_count_the_voice_too(people):
    in_force(one_rule("label: One, who: platform", "label: Two, who: platform, distinct: true"))
    room()
    row = submitted(people.alice, **CHEAP)
    away(people.petra, people.charlie)
    first = row.steps.get(label="One").pk
    services.approve(request=row, step=first, by=again(people.charlie))
    for person in (people.petra, people.charlie):
        with pytest.raises(NotAllowedError, match=r"Four eyes: One was decided by you or for you"):
            services.approve(request=row, by=again(person))
    Delegation.objects.update(to_person=people.dora)  # for Petra too, whose voice was heard
    assert not any(
        inbox(again(one)).exists() for one in (people.petra, people.charlie, people.dora)
    )
    services.approve(request=row, by=people.jonas)
    assert statuses(row) == {"One": "approved", "Two": "approved"}


def test_what_was_handed_on_is_not_handed_on_further(people, row):
    away(people.petra, people.charlie)
    away(people.charlie, people.dora)
    with pytest.raises(NotAllowedError):
        services.approve(request=row, by=again(people.dora))


def test_a_delegate_of_somebody_who_lost_the_right_has_none(people, row):
    away(people.petra, people.charlie)
    Membership.objects.filter(person=people.petra).delete()
    with pytest.raises(NotAllowedError, match=r"not your role"):
        services.approve(request=row, by=again(people.charlie))


def test_a_vote_stands_after_the_delegation_ended(people, row):
    given = away(people.petra, people.charlie)
    services.approve(request=row, by=again(people.charlie))
    services.end_delegation(delegation=given, by=people.charlie)
    assert services.still_allowed(row.pk) == ""
    Membership.objects.filter(person=people.petra).delete()
    assert services.still_allowed(row.pk).startswith("Charlie Roth said yes for Platform")


@pytest.mark.parametrize(
    ("to", "begins", "days", "sentence"),
    [
        ("petra", 0, 2, "Nobody acts for themselves"),
        ("jonas", 3, -1, "It ends before it begins"),
        ("jonas", -9, 2, "It ends before it begins"),
        ("jonas", 0, 900, "At most a year"),
    ],
)
def test_a_delegation_that_makes_no_sense(people, to, begins, days, sentence):
    with pytest.raises(InvalidError, match=sentence):
        away(people.petra, getattr(people, to), begins=begins * DAY, days=days)


def test_a_closed_account_acts_for_nobody(people):
    type(people.jonas).objects.filter(pk=people.jonas.pk).update(is_active=False)
    with pytest.raises(InvalidError, match=r"The account of Jonas Hall is closed"):
        away(people.petra, again(people.jonas))


def test_one_delegate_at_a_time(people):
    away(people.petra, people.jonas, begins=5 * DAY)
    with pytest.raises(ConflictError, match=r"Jonas Hall acts for Petra Novak until"):
        away(people.petra, people.charlie, begins=6 * DAY)
    away(people.petra, people.charlie, begins=7 * DAY)
    away(people.sami, people.charlie, begins=5 * DAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        Delegation.objects.filter(to_person=people.charlie, by_person=people.petra).update(
            from_at=timezone.now() + 6 * DAY
        )


def test_an_admin_sets_one_for_somebody_else_and_that_is_kept(people):
    row = away(people.fiona, people.jonas, by=people.petra)
    assert (row.by_person, row.made_by) == (people.fiona, people.petra)
    entry = AuditEntry.objects.get(subject=row.ref)
    assert (entry.actor_name, entry.after["for"]) == ("Petra Novak", "Fiona Marsh")
    for who in (people.jonas, people.alice, people.audra):
        with pytest.raises(NotAllowedError):
            away(people.sami, people.bob, by=who)


def test_who_may_end_it(people):
    row = away(people.fiona, people.jonas)
    for who in (people.alice, people.sami):
        with pytest.raises(NotAllowedError):
            services.end_delegation(delegation=row, by=who)
    services.end_delegation(delegation=row, by=people.petra)
    with pytest.raises(ConflictError, match=r"It has ended"):
        services.end_delegation(delegation=row, by=people.fiona)
    coming = away(people.fiona, people.jonas, begins=DAY)
    assert services.end_delegation(delegation=coming, by=people.fiona).to_at == coming.from_at
    assert AuditEntry.objects.filter(verb="ended a delegation").count() == 2


def test_the_page(people, client_of):
    client = client_of(people.fiona)
    today = timezone.now().date()
    sent = {
        "to": "jonas@northwind.example",
        "from": today.isoformat(),
        "until": (today + DAY).isoformat(),
    }
    page = client.post("/delegations/new/", {**sent, "note": "On leave."}, follow=True)
    assert "Jonas Hall decides for Fiona Marsh until" in plain(page.content.decode())
    assert "On leave." in page.content.decode()
    assert "On leave." in client_of(people.jonas).get("/delegations/").content.decode()
    assert "On leave." not in client_of(people.sami).get("/delegations/").content.decode()
    refused = client.post("/delegations/new/", {**sent, "to": "nobody@northwind.example"})
    assert refused.status_code == 422
    assert "Nobody here has this address" in refused.content.decode()
    for day in ("soon", "", "9999-12-31"):
        assert client.post("/delegations/new/", {**sent, "until": day}).status_code == 422
    assert client.post("/delegations/new/", {**sent, "for": "sami@northwind.example"}).status_code
    assert not Delegation.objects.filter(by_person=people.sami).exists()


class TestHandedOn:
    def hand(self, row, person, by, *, why="Knows the data.", step=None):
        return services.assign(request=row, step=step, person=person, why=why, by=by)

    def test_somebody_outside_decides_by_name(self, people, client_of, row):
        assert not asks.requests_visible(again(people.charlie)).filter(pk=row.pk).exists()
        self.hand(row, people.charlie, people.jonas)
        assert asks.requests_visible(again(people.charlie)).get(pk=row.pk)
        charlie = again(people.charlie)
        assert [one.request_id for one in inbox(charlie)] == [row.pk]
        assert say_of(charlie, row).allowed
        assert asks.may_decide(charlie, row)
        page = plain(client_of(people.alice).get(f"/requests/{row.pk}/").content.decode())
        assert "jonas Hall: Knows the data." in page
        services.ask(request=row, body="Which claims?", by=charlie)
        requests.answer(request=row, body="Motor.", by=people.alice)
        services.approve(request=row, by=again(people.charlie))
        row.refresh_from_db()
        assert row.status == "approved"
        entry = AuditEntry.objects.get(verb="handed on a step")
        assert (entry.actor_name, entry.after["to"]) == ("Jonas Hall", "Charlie Roth")
        assert asks.requests_visible(again(people.charlie)).filter(pk=row.pk).exists()

    def test_internal_notes_are_theirs_to_read_too(self, people, row):
        requests.say(request=row, body="Only us.", internal=True, by=people.petra)
        self.hand(row, people.charlie, people.petra)
        assert asks.conversation(again(people.charlie), row).count() == 1
        assert asks.conversation(people.alice, row).count() == 0

    @pytest.mark.parametrize("who", ["alice", "bob", "dora", "sami", "fiona", "audra"])
    def test_who_may_not(self, people, row, who):
        with pytest.raises(NotAllowedError, match=r"or a platform admin, may hand it on"):
            self.hand(row, people.charlie, getattr(people, who))

    def test_to_whom_it_cannot_be_handed(self, people, row):
        with pytest.raises(InvalidError, match=r"Alice Berger asked for this"):
            self.hand(row, people.alice, people.petra)
        with pytest.raises(InvalidError, match=r"may decide for Platform already"):
            self.hand(row, people.jonas, people.petra)
        with pytest.raises(InvalidError, match=r"Write why"):
            self.hand(row, people.charlie, people.petra, why=" ")
        with pytest.raises(StaleStateError):
            self.hand(row, people.charlie, people.petra, step=999)

    def test_by_post(self, people, client_of, row):
        url, petra = f"/requests/{row.pk}/hand-on/", client_of(people.petra)
        sent = {"person": "charlie@northwind.example", "why": "Knows the data."}
        page = petra.post(url, sent, follow=True)
        assert "Charlie Roth may decide for Platform" in plain(page.content.decode())
        refused = petra.post(url, {**sent, "person": "x@y.example"})
        assert refused.status_code == 422
        done = client_of(people.charlie).post(f"/requests/{row.pk}/approve/", follow=True)
        assert done.status_code == 200

    def test_nobody_chooses_who_decides_on_their_own_request(self, people):
        team = Membership.objects.get(person=people.alice).team
        Membership.objects.create(person=people.petra, role="requester", team=team)
        room()
        mine = submitted(again(people.petra), **CHEAP)
        with pytest.raises(NotAllowedError, match=r"never whoever asked"):
            self.hand(mine, people.charlie, again(people.petra))

    def test_nobody_chooses_the_second_of_two(self, people, client_of):
        in_force(one_rule("label: Money, who: finance, quorum: 2"))
        room()
        row = submitted(people.alice, **CHEAP)
        with pytest.raises(NotAllowedError, match=r"One person cannot name the others"):
            self.hand(row, people.charlie, people.fiona)
        page = client_of(people.fiona).get(f"/requests/{row.pk}/").content.decode()
        assert "Offer less or elsewhere" in page
        assert "Hand on" not in page
        self.hand(row, people.charlie, people.petra)

    def test_nobody_chooses_the_other_two_eyes(self, people):
        Membership.objects.create(person=people.jonas, role="finance")
        in_force(
            one_rule("label: Platform, who: platform", "label: Money, who: finance, distinct: true")
        )
        room()
        row = submitted(people.alice, **CHEAP)
        first = row.steps.get(label="Platform").pk
        services.approve(request=row, step=first, by=again(people.jonas))
        with pytest.raises(NotAllowedError, match=r"Only those who may decide for Money now"):
            self.hand(row, people.charlie, again(people.jonas))
        self.hand(row, people.charlie, people.fiona)
