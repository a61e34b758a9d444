"""Counter-offers: less, elsewhere or until a day; accepted with one click or not at all."""

import re
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.approvals import services
from apps.approvals.models import Decision, Offer, Round
from apps.approvals.selectors import agreed_until, open_offer
from apps.capacity.models import Pool
from apps.capacity.selectors import free
from apps.kernel.errors import ConflictError, InvalidError, NotAllowedError, PortalError
from apps.kernel.models import AuditEntry
from apps.provisioning.services.built import last_day
from apps.requests import services as requests
from apps.teams.models import Membership
from tests.approvals.offices import again, in_force, one_rule, statuses
from tests.requests.asks import METER, plain, room, submitted

pytestmark = pytest.mark.django_db
HERE = {"tier": "prod", "region": "swedencentral", "meter": METER}
THERE = {**HERE, "region": "francecentral"}
BESIDE = one_rule(
    "label: Platform, who: platform", "label: Security, who: security, looks_at: [data_class]"
)


@pytest.fixture
def row(people):
    room()
    return submitted(people.alice)


def offer(row, by, changes=None, **more):
    changes = {"capacity": "300"} if changes is None else changes
    return services.make_offer(
        request=row, changes=changes, note=more.pop("note", "Less will do."), by=by, **more
    )


def test_an_offer_stops_the_clock_and_says_what_differs(people, client_of, row):
    made = offer(row, people.petra)
    row.refresh_from_db()
    assert (row.status, made.status, made.changes) == ("needs_info", "open", {"capacity": 300})
    assert Round.objects.get(request=row).paused_at
    assert free(**HERE).held == 500
    assert row.payload["capacity"] == 500
    message = row.messages.get()
    assert plain(message.body) == ("Offer: Capacity: 300 K TPM instead of 500 K TPM. Less will do.")
    page = plain(client_of(people.alice).get(f"/requests/{row.pk}/").content.decode())
    assert "Petra Novak offers something else" in page
    assert "<s>500 K TPM</s>" in page
    assert "<ins>300 K TPM</ins>" in page
    assert "same expected cost" in page
    assert "Accept the offer" in page
    assert "Take the offer back" not in page
    page = plain(client_of(people.petra).get(f"/requests/{row.pk}/").content.decode())
    assert "Take the offer back" in page
    assert "Accept the offer" not in page


def test_accepting_changes_and_submits_it_with_the_yes_of_whoever_offered(people, row):
    in_force(one_rule("label: Platform, who: platform"))
    offer(row, people.petra, {"capacity": "300", "region": "francecentral"})
    done = services.accept_offer(request=row, by=people.alice)
    assert (done.status, done.payload["capacity"]) == ("approved", 300)
    assert plain(done.title) == "gpt-5.1 Global Standard, 300 K TPM, francecentral"
    assert (free(**HERE).held, free(**HERE).committed) == (0, 0)
    assert (free(**THERE).held, free(**THERE).committed) == (0, 300)
    vote = Decision.objects.get()
    assert (vote.person, vote.step.round, vote.reason) == (people.petra, 2, "Less will do.")
    assert done.jobs.filter(purpose="build").count() == 1
    assert AuditEntry.objects.filter(subject=Offer.objects.get().ref).count() == 1


def test_other_steps_keep_their_yes_where_nothing_they_look_at_changed(people):
    in_force(BESIDE)
    room()
    row = submitted(people.alice)
    services.approve(request=row, reason="Masked.", by=people.sami)
    offer(row, people.jonas)
    done = services.accept_offer(request=row, by=people.bob)
    assert (done.status, done.requester) == ("approved", people.bob)
    assert statuses(row) == {"Platform": "approved", "Security": "approved"}


def test_other_steps_are_asked_again_where_it_changed(people, row):
    services.approve(request=row, by=people.petra)
    offer(row, people.fiona, {"capacity": "400"})
    done = services.accept_offer(request=row, by=people.alice)
    assert (done.status, statuses(row)) == (
        "in_review",
        {"Platform": "open", "Finance": "waiting"},
    )
    services.approve(request=row, by=people.petra)
    row.refresh_from_db()
    assert (row.status, statuses(row)["Finance"]) == ("approved", "approved")


def test_a_last_day_alone_is_an_offer_too(people, row):
    until = timezone.now().date() + timedelta(days=30)
    offer(row, people.petra, {}, until_on=until)
    assert agreed_until(row) is None
    services.accept_offer(request=row, by=people.alice)
    assert agreed_until(row) == until
    row.refresh_from_db()
    assert last_day(row, None) == until
    row.environment.lifetime_days = 7
    assert last_day(row, None) == timezone.now().date() + timedelta(days=7)


def test_declining_puts_it_back_as_it_was(people, row):
    offer(row, people.petra)
    services.decline_offer(request=row, reason="We need all of it.", by=people.bob)
    row.refresh_from_db()
    assert (row.status, row.payload["capacity"], free(**HERE).held) == ("in_review", 500, 500)
    assert Offer.objects.get().status == "declined"
    assert row.messages.last().body == "We need all of it."
    assert Round.objects.get(request=row).paused_at is None
    offer(row, people.petra)


def test_an_answer_in_words_declines_it(people, row):
    offer(row, people.petra)
    requests.answer(request=row, body="Why less?", by=people.alice)
    assert Offer.objects.get().status == "declined"


@pytest.mark.parametrize("who", ["petra", "jonas"])
def test_it_is_taken_back_by_those_who_decide_there(people, row, who):
    offer(row, people.petra)
    services.take_back_offer(request=row, reason="Sorry.", by=getattr(people, who))
    row.refresh_from_db()
    assert (row.status, Offer.objects.get().status) == ("in_review", "taken_back")
    assert Round.objects.get(request=row).paused_at is None
    services.approve(request=row, by=people.petra)


@pytest.mark.parametrize("end", ["withdraw", "change", "reject"])
def test_it_ends_with_the_request(people, row, end):
    offer(row, people.petra)
    if end == "withdraw":
        requests.withdraw_request(request=row, by=people.alice)
    elif end == "change":
        requests.change_request(request=row, by=people.alice)
    else:
        services.reject(request=row, reason="No.", by=people.jonas)
    assert Offer.objects.get().status == "taken_back"
    assert open_offer(row) is None
    with pytest.raises(ConflictError, match=r"No offer is open"):
        services.accept_offer(request=row, by=people.alice)


def test_while_it_is_open_nobody_approves(people, row):
    offer(row, people.petra)
    with pytest.raises(ConflictError, match=r"It waits for an answer of Alice Berger"):
        services.approve(request=row, by=people.jonas)
    with pytest.raises(ConflictError, match=r"It waits for an answer of Alice Berger"):
        offer(row, people.jonas)
    with pytest.raises(IntegrityError), transaction.atomic():
        first = Offer.objects.get()
        Offer.objects.create(
            request=row,
            step=first.step,
            made_by=people.jonas,
            voice=people.jonas,
            changes={"capacity": 1},
            note="Two.",
        )


@pytest.mark.parametrize(
    ("changes", "more", "sentence"),
    [
        ({"capacity": "500"}, {}, r"This is what was asked for"),
        ({}, {}, r"This is what was asked for"),
        ({"capacity": "300"}, {"note": " "}, r"Write why; Alice Berger reads it"),
        ({"data_class": "public"}, {}, r"cannot be offered otherwise; what can: sku, region, cap"),
        ({"capacity": "1001"}, {}, r"This would not pass now.*1 000"),
        ({"capacity": "lots"}, {}, r"Write a whole number"),
        ({"capacity": "-4"}, {}, r"This would not pass now"),
        ({"capacity": 1e400}, {}, r"This number is too large"),
        ({"capacity": "\0"}, {}, r"a character that cannot be stored"),
        ({"capacity": {"more": 1}}, {}, r"Text or a number is expected"),
        ({"region": "atlantis"}, {}, r"is not one of the choices"),
        ({"region": "germanywestcentral"}, {}, r"This would not pass now.*300"),
        ({}, {"until_on": "past"}, r"The last day is over"),
    ],
)
def test_what_would_not_pass_is_not_offered(people, row, changes, more, sentence):
    if "until_on" in more:
        more = {"until_on": timezone.now().date()}
    with pytest.raises(InvalidError) as refused:
        offer(row, people.petra, changes, **more)
    assert re.search(sentence, plain(refused.value.message))
    row.refresh_from_db()
    assert (row.status, row.payload["capacity"], free(**HERE).held) == ("in_review", 500, 500)
    assert not Offer.objects.exists()
    assert not row.messages.exists()


def test_what_a_policy_denies_is_not_offered(people):
    in_force(
        one_rule("label: Platform, who: platform")
        + "\n- id: D-01\n  name: Nothing in France\n  when: region == 'francecentral'\n"
        '  deny: "Stay in Sweden."'
    )
    room()
    row = submitted(people.alice)
    with pytest.raises(InvalidError, match=r"This would not pass now.*Stay in Sweden"):
        offer(row, people.petra, {"region": "francecentral"})


@pytest.mark.parametrize("who", ["alice", "bob", "charlie", "sami", "fiona", "audra"])
def test_who_may_not_offer(people, row, who):
    with pytest.raises(NotAllowedError):
        offer(row, getattr(people, who))


@pytest.mark.parametrize("who", ["dora", "charlie", "jonas", "sami", "audra"])
def test_who_may_neither_accept_nor_decline(people, row, who):
    offer(row, people.petra)
    with pytest.raises(NotAllowedError):
        services.accept_offer(request=row, by=getattr(people, who))
    with pytest.raises(NotAllowedError):
        services.decline_offer(request=row, reason="No.", by=getattr(people, who))
    assert Offer.objects.get().status == "open"


def test_nobody_accepts_their_own_offer(people, row):
    Membership.objects.create(person=people.petra, role="requester", team=row.team)
    offer(row, again(people.petra))
    with pytest.raises(NotAllowedError, match=r"You made this offer"):
        services.accept_offer(request=row, by=again(people.petra))


def test_room_that_went_away_meanwhile_leaves_all_as_it_was(people, row):
    offer(row, people.petra, {"region": "francecentral"})
    Pool.objects.filter(meter=METER, region="francecentral").update(limit=100)
    with pytest.raises(PortalError, match=r"100"):
        services.accept_offer(request=row, by=people.alice)
    row.refresh_from_db()
    assert (row.status, Offer.objects.get().status) == ("needs_info", "open")
    assert (free(**HERE).held, free(**THERE).held) == (500, 0)


def test_a_yes_of_whoever_lost_the_right_meanwhile_does_not_count(people, row):
    in_force(one_rule("label: Platform, who: platform"))
    offer(row, people.petra)
    Membership.objects.filter(person=people.petra).delete()
    done = services.accept_offer(request=row, by=people.alice)
    assert (done.status, statuses(row)) == ("in_review", {"Platform": "open"})


def test_the_form_shows_old_beside_new_and_keeps_what_was_typed(people, client_of, row):
    petra = client_of(people.petra)
    url = f"/requests/{row.pk}/offer/"
    assert "Nothing differs from what was asked for yet" in petra.get(url).content.decode()
    page = plain(petra.get(f"{url}?capacity=300&region=francecentral").content.decode())
    assert "<s>500 K TPM</s>" in page
    assert "<ins>France Central</ins>" in page or "<ins>francecentral</ins>" in page
    refused = petra.post(url, {"capacity": "5000", "note": "More?"})
    assert refused.status_code == 422
    assert 'value="5000"' in refused.content.decode()
    assert "This would not pass now" in refused.content.decode()
    made = petra.post(url, {"capacity": "300", "note": "Less will do."}, follow=True)
    assert "Alice has your offer" in plain(made.content.decode()) or made.status_code == 200
    done = client_of(people.alice).post(f"{url}accept/", follow=True)
    assert "is now as offered" in plain(done.content.decode())
    row.refresh_from_db()
    assert row.payload["capacity"] == 300


def test_an_offer_whose_last_day_has_come_is_not_accepted_any_more(people, row):
    today = timezone.now().date()
    offer(row, people.petra, {}, until_on=today + timedelta(days=1))
    Offer.objects.update(until_on=today)
    with pytest.raises(ConflictError, match=r"The last day of this offer, .*, is over or is today"):
        services.accept_offer(request=row, by=people.alice)
    services.decline_offer(request=row, reason="Until June, please.", by=people.alice)


def test_a_last_day_holds_until_that_step_offers_another(people):
    in_force(
        one_rule("label: Platform, who: platform, looks_at: [region]", "label: Money, who: finance")
    )
    room()
    row = submitted(people.alice)
    today = timezone.now().date()

    def accepted(label, by, changes, days=0):
        step = row.steps.filter(label=label).order_by("-round").first().pk
        until = today + timedelta(days=days) if days else None
        offer(row, by, changes, step=step, until_on=until)
        services.accept_offer(request=row, by=people.alice)
        row.refresh_from_db()
        return agreed_until(row)

    short = today + timedelta(days=30)
    assert accepted("Platform", people.petra, {}, 30) == short
    assert statuses(row) == {"Platform": "approved", "Money": "open"}
    assert accepted("Money", people.fiona, {"capacity": "100"}, 90) == short
    assert statuses(row) == {"Platform": "approved", "Money": "approved"}
