"""The time slices that usage is attributed by: never two at once, none rewritten, none lost."""

from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.access import selectors, services
from apps.access.models import Grant
from apps.access.selectors.attribution import FOREVER_US
from apps.kernel.actors import SYSTEM
from apps.kernel.errors import ConflictError, NotFoundError
from apps.kernel.models import AuditEntry
from apps.provisioning.models import Resource
from apps.teams import services as teams
from apps.teams.events import TeamMoved
from apps.teams.models import BusinessUnit, Team, Workload
from tests.access.test_access import done
from tests.provisioning.test_pages import built, page
from tests.race import at_once

pytestmark = pytest.mark.django_db
NOV = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)
IDS = ("workload_id", "resource_id", "team_id", "business_unit_id", "environment_id")


def granted(people, **span):
    """Build something for claims-triage; `from_at` and `to_at` move its grant."""
    (resource,) = built(people)
    services.open_grant(done(resource))
    Grant.objects.filter(resource=resource).update(**span)
    return resource


def adopt(resource, first, last, workload=None):
    """Adopt from midnight of one day of November until another's."""
    return services.adopt_grant(
        resource=resource,
        workload=workload or resource.workload,
        from_at=NOV + (first - 1) * DAY,
        to_at=NOV + (last - 1) * DAY,
        by=SYSTEM,
    )


def days(grant):
    return grant.from_at.day, grant.to_at and grant.to_at.day


def spans(resource):
    return [days(one) for one in Grant.objects.filter(resource=resource).order_by("from_at")]


def test_a_grant_freezes_what_usage_needs(people):
    resource = granted(people)
    grant = Grant.objects.get()
    assert (grant.business_unit.slug, grant.environment.slug) == ("insurance", "prod")
    facts = (grant.model, grant.version, grant.sku, grant.region)
    assert facts == ("gpt-5.1", "2025-11-13", "GlobalStandard", "swedencentral")
    Resource.objects.filter(pk=resource.pk).update(facts={}, region="francecentral")
    assert Grant.objects.get().model == "gpt-5.1"


def test_a_resource_that_is_no_model_has_a_grant_too(people):
    (resource,) = built(people)
    Resource.objects.filter(pk=resource.pk).update(facts={})
    services.open_grant(done(resource))
    assert (Grant.objects.get().model, Grant.objects.get().sku) == ("", "")


@pytest.mark.parametrize(
    ("first", "last"), [(3, 7), (1, None), (6, 8), (4, 6), (1, 10), (6, None), (2, 6)]
)
def test_no_two_slices_of_a_pair_overlap(people, first, last):
    resource = granted(people, from_at=NOV + 2 * DAY, to_at=NOV + 6 * DAY)
    old = Grant.objects.get(resource=resource)
    old.pk, old.from_at, old.to_at = None, NOV + (first - 1) * DAY, last and NOV + (last - 1) * DAY
    with pytest.raises(IntegrityError, match="one_grant_at_a_time"), transaction.atomic():
        old.save()


def test_slices_may_touch_and_another_workload_may_share(people):
    resource = granted(people, from_at=NOV + 2 * DAY, to_at=NOV + 6 * DAY)
    assert days(adopt(resource, 1, 3)) == (1, 3)
    assert days(adopt(resource, 7, 9)) == (7, 9)
    shared = adopt(resource, 1, 9, Workload.objects.get(slug="fraud-notes"))
    assert (shared.team.slug, shared.business_unit.slug) == ("fraud", "retail-bank")
    assert (shared.model, shared.environment.slug) == ("gpt-5.1", "prod")


@pytest.mark.parametrize(
    ("first", "last", "made"),
    [
        (1, 3, (1, 3)),  # touches the slice
        (1, 4, (1, 3)),  # clipped to where the slice begins
        (1, 20, (1, 3)),  # the first gap only
        (3, 7, None),  # the slice itself
        (4, 5, None),  # wholly inside
        (5, 9, (7, 9)),  # begins inside
        (7, 20, (7, 10)),  # until the next slice
        (5, 10, (7, 10)),
        (12, 20, None),  # inside the open slice
    ],
)
def test_adopting_fills_a_gap_and_no_more(people, first, last, made):
    resource = granted(people, from_at=NOV + 9 * DAY)
    Grant.objects.update(to_at=None)
    adopt(resource, 3, 7)
    before = spans(resource)
    grant = adopt(resource, first, last)
    assert (grant and days(grant)) == made
    assert spans(resource) == sorted([*before, *([made] if made else [])])


def test_what_is_adopted_gap_by_gap_covers_the_span(people):
    resource = granted(people, from_at=NOV + 9 * DAY)
    adopt(resource, 3, 7)
    while adopt(resource, 1, 20):
        pass
    assert spans(resource) == [(1, 3), (3, 7), (7, 10), (10, None)]


def test_adopting_has_the_facts_of_today_and_leaves_a_trace(people):
    (resource,) = built(people)
    grant = services.adopt_grant(
        resource=resource,
        workload=resource.workload,
        from_at=NOV,
        to_at=NOV + DAY,
        by=people.petra,
    )
    assert (grant.version, grant.business_unit.slug) == ("2025-11-13", "insurance")
    entry = AuditEntry.objects.get(verb="access adopted")
    assert (entry.actor, entry.subject) == (people.petra.ref, resource.ref)
    assert entry.scope == resource.scope
    assert entry.after["from_at"] == "2026-11-01T00:00:00+00:00"
    assert entry.after["to_at"] == "2026-11-02T00:00:00+00:00"


def test_only_the_past_is_adopted(people):
    (resource,) = built(people)
    now = timezone.now()
    adopted = partial(
        services.adopt_grant, resource=resource, workload=resource.workload, by=SYSTEM
    )
    for span in ((now + DAY, now + 2 * DAY), (NOV, NOV), (NOV + DAY, NOV)):
        with pytest.raises(ConflictError, match="begins before it ends, and before now"):
            adopted(from_at=span[0], to_at=span[1])
    until_now = adopted(from_at=now - DAY, to_at=now + DAY)
    assert until_now.to_at < now + DAY / 2
    services.open_grant(done(resource))
    assert Grant.objects.filter(to_at=None).count() == 1, "the way in can still be opened"


def test_a_new_version_starts_a_slice_where_the_old_one_ends(people):
    resource, other = granted(people), granted(people)
    Grant.objects.update(from_at=NOV)
    noon = NOV + 5 * DAY + DAY / 2
    newer = {**resource.facts, "version": "2026-10-01"}
    Resource.objects.filter(pk=resource.pk).update(facts=newer)
    (new,) = services.renew_grants(resources=[resource, other], at=noon, by=people.petra)
    old = Grant.objects.get(resource=resource, version="2025-11-13")
    assert (old.from_at, old.to_at, new.from_at, new.to_at) == (NOV, noon, noon, None)
    assert new.version == "2026-10-01"
    assert Grant.objects.get(resource=other).to_at is None
    entry = AuditEntry.objects.get(verb="access renewed")
    assert (entry.actor, entry.before) == (people.petra.ref, {"version": "2025-11-13"})
    assert entry.after["version"] == "2026-10-01"


def test_nothing_changed_renews_nothing(people):
    resource = granted(people)
    assert services.renew_grants(resources=[resource], at=timezone.now(), by=SYSTEM) == []
    assert services.renew_grants(resources=[], at=timezone.now(), by=SYSTEM) == []
    assert Grant.objects.count() == 1


@pytest.mark.parametrize("later", [timedelta(0), DAY])
def test_a_slice_that_begins_no_earlier_takes_the_facts_itself(people, later):
    """A slice may not end before it starts, and there is no use before it that it could keep."""
    resource = granted(people, from_at=NOV + later)
    Resource.objects.filter(pk=resource.pk).update(region="francecentral")
    services.renew_grants(resources=[resource], at=NOV, by=SYSTEM)
    grant = Grant.objects.get()
    assert (grant.from_at, grant.to_at, grant.region) == (NOV + later, None, "francecentral")


def test_a_closed_slice_is_never_renewed(people):
    resource = granted(people, from_at=NOV, to_at=NOV + DAY)
    Resource.objects.filter(pk=resource.pk).update(region="francecentral")
    assert services.renew_grants(resources=[resource], at=NOV + 2 * DAY, by=SYSTEM) == []
    assert Grant.objects.get().region == "swedencentral"


def test_follow_team_splits_the_slices_of_that_team_only(people):
    """Use before the move stays with the old unit, to the microsecond."""
    claims, retail = Team.objects.get(slug="claims"), BusinessUnit.objects.get(slug="retail-bank")
    resource, closed = granted(people), granted(people, from_at=NOV, to_at=NOV + DAY)
    others = Workload.objects.get(slug="risk-notes")
    shared = Grant.objects.get(resource=resource)
    shared.pk, shared.workload, shared.team = None, others, others.team
    shared.save()
    teams.move_team(team=claims, to=retail, by=people.petra)
    old, new = Grant.objects.filter(resource=resource, team=claims).order_by("from_at")
    assert (old.business_unit.slug, new.business_unit.slug) == ("insurance", "retail-bank")
    assert old.from_at < old.to_at == new.from_at
    assert new.to_at is None
    unchanged = ("environment_id", "model", "version", "sku", "region", "team_id", "workload_id")
    assert all(getattr(old, name) == getattr(new, name) for name in unchanged)
    assert Grant.objects.get(resource=closed).business_unit.slug == "insurance"
    assert Grant.objects.get(workload=others).business_unit.slug == "insurance"
    entry = AuditEntry.objects.get(verb="access renewed")
    assert (entry.before["business_unit"], entry.after["business_unit"]) == (
        "Insurance",
        "Retail Bank",
    )


def test_follow_team_told_twice_changes_nothing_more(people):
    resource, to = granted(people), BusinessUnit.objects.get(slug="retail-bank")
    teams.move_team(team=resource.team, to=to, by=people.petra)
    before = list(Grant.objects.order_by("pk").values())
    services.follow_team(TeamMoved(resource.team_id, 0, to.pk, timezone.now()))
    assert list(Grant.objects.order_by("pk").values()) == before


def test_the_page_of_a_resource_says_who_pays_since_when(people, client_of):
    resource = granted(people)
    teams.move_team(
        team=resource.team, to=BusinessUnit.objects.get(slug="retail-bank"), by=people.petra
    )
    shown = page(client_of(people.alice), f"/resources/{resource.pk}/")
    assert "Workload of Claims Automation, paid for by Retail Bank since" in shown
    assert shown.count("Workload of Claims Automation") == 1


def test_whoever_sees_the_new_unit_sees_no_more_of_others(people):
    """charlie leads a team of the unit that claims moves to: that alone shows him nothing."""
    resource = granted(people)
    before = list(selectors.grants_of(people.alice, resource))
    teams.move_team(
        team=resource.team, to=BusinessUnit.objects.get(slug="retail-bank"), by=people.petra
    )
    for person in (people.charlie, people.dora):
        assert list(selectors.grants_of(person, resource)) == []
        assert selectors.connection(person, resource) is None
    (now,) = selectors.grants_of(people.alice, resource)
    assert [now.workload] == [one.workload for one in before]


def slices(pairs):
    return selectors.slices(*np.array(pairs, np.int64).reshape(-1, 2).T)


def micros(at):
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def test_the_slices_of_many_pairs_are_one_query(people, django_assert_num_queries):
    first, second, third = (granted(people, from_at=NOV + 9 * DAY) for _ in range(3))
    adopt(first, 1, 3)
    pairs = [(one.workload_id, one.pk) for one in (third, first, second)]
    unknown = (first.workload_id, 0), (0, first.pk)
    with django_assert_num_queries(1):
        found = slices([*pairs, *unknown])
    assert len(found) == 4
    assert found.resource_id.tolist() == [first.pk, first.pk, second.pk, third.pk]
    starts = [NOV, NOV + 9 * DAY, NOV + 9 * DAY, NOV + 9 * DAY]
    assert found.from_us.tolist() == [micros(at) for at in starts]
    assert found.to_us.tolist() == [micros(NOV + 2 * DAY), *[FOREVER_US] * 3]
    assert [getattr(found, name)[0] for name in IDS] == [
        first.workload_id,
        first.pk,
        first.team_id,
        first.team.business_unit_id,
        first.environment_id,
    ]
    assert found.offers == [
        selectors.Offer("gpt-5.1", "2025-11-13", "GlobalStandard", "swedencentral")
    ]
    with django_assert_num_queries(1):
        assert slices([pairs[2]]).resource_id.tolist() == [second.pk]


def test_slices_of_different_offers_point_at_their_own(people):
    """They come by offer, and are put into the order of pairs."""
    found = [granted(people) for _ in range(4)]
    for number, one in enumerate(found):
        one.grants.update(model=f"m{number % 2}")
    told = slices([(one.workload_id, one.pk) for one in found])
    assert told.resource_id.tolist() == [one.pk for one in found]
    assert [told.offers[at].model for at in told.offer] == ["m0", "m1", "m0", "m1"]


def test_a_pair_is_asked_for_as_a_pair(people):
    """Two workloads on two deployments are four pairs; the two that were not asked for stay out."""
    one, two = granted(people), granted(people)
    other = Workload.objects.get(slug="fraud-notes")
    adopt(two, 1, 3, other)
    asked = [(one.workload_id, one.pk), (other.pk, two.pk)]
    found = slices(asked)
    pairs = zip(found.workload_id.tolist(), found.resource_id.tolist(), strict=True)
    assert sorted(pairs) == sorted(asked)


def test_no_pairs_have_no_slices(people):
    granted(people)
    found = slices([])
    assert (len(found), found.offers) == (0, [])


@pytest.mark.parametrize("workload", ["claims/claims-triage", "claims-triage"])
def test_a_pair_is_found_by_its_names(people, workload):
    resource, _ = granted(people), granted(people)
    for deployment in (resource.name, resource.ref):
        found = selectors.find_pair(workload=workload, deployment=deployment)
        assert found == (resource.workload, resource)


@pytest.mark.parametrize(
    ("workload", "sentence"),
    [
        (
            "fraud/claims-triage",
            "There is no workload “fraud/claims-triage”. "
            "Name it as team/workload, such as claims/claims-triage.",
        ),
        (
            "nope",
            "There is no workload “nope”. Name it as team/workload, "
            "such as claims/claims-triage, claims/policy-qa or fraud/fraud-notes.",
        ),
        ("", "There is no workload “”"),
        ("/", "There is no workload “/”"),
        ("a/claims/claims-triage", "There is no workload “a/claims/claims-triage”"),
    ],
)
def test_a_workload_that_is_not_there_is_named_with_one_that_is(people, workload, sentence):
    resource = granted(people)
    with pytest.raises(NotFoundError) as refusal:
        selectors.find_pair(workload=workload, deployment=resource.name)
    assert refusal.value.message.startswith(sentence)


@pytest.mark.parametrize(
    "deployment", ["nope", "", "resource:0", "resource:x", "resource:²", f"resource:{10**30}"]
)
def test_a_deployment_that_is_not_there_is_named_with_one_that_is(people, deployment):
    resource = granted(people)
    with pytest.raises(NotFoundError) as refusal:
        selectors.find_pair(workload="claims-triage", deployment=deployment)
    assert refusal.value.message == (
        f"There is no deployment “{deployment}”. Name it as resource:ID, "
        f"such as {resource.ref} ({resource.name}, swedencentral)."
    )


def test_where_nothing_is_built_no_example_is_given(people):
    with pytest.raises(NotFoundError, match=r"“nope”\. There is none at all yet\.$"):
        selectors.find_pair(workload="claims-triage", deployment="nope")


def test_a_name_that_several_have_is_refused_with_what_parts_them(people):
    resource, twin = granted(people), granted(people)
    fraud = Team.objects.get(slug="fraud")
    fraud.workloads.create(slug="claims-triage", active_from=NOV.date())
    with pytest.raises(ConflictError) as refusal:
        selectors.find_pair(workload="claims-triage", deployment=resource.name)
    assert refusal.value.message == (
        "There is more than one workload “claims-triage”. "
        "Name it as team/workload, such as claims/claims-triage or fraud/claims-triage."
    )
    Resource.objects.filter(pk=twin.pk).update(name=resource.name, region="francecentral")
    with pytest.raises(ConflictError) as refusal:
        selectors.find_pair(workload="claims/claims-triage", deployment=resource.name)
    assert refusal.value.message == (
        f"There is more than one deployment “{resource.name}”. Name it as resource:ID, such as "
        f"{twin.ref} ({resource.name}, francecentral) or "
        f"{resource.ref} ({resource.name}, swedencentral)."
    )


@pytest.mark.django_db(transaction=True)
def test_of_many_who_open_at_once_one_does(people):
    for resource in built(people, count=3):
        outcomes = at_once([partial(services.open_grant, done(resource))] * 4)
        assert outcomes == [None] * 4
        assert Grant.objects.filter(resource=resource).count() == 1
        assert AuditEntry.objects.filter(subject=resource.ref).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_who_adopt_at_once_each_gap_is_filled_once(people):
    (resource,) = built(people)
    outcomes = at_once([partial(adopt, resource, first, 9) for first in (1, 1, 4, 4)])
    assert not [one for one in outcomes if isinstance(one, Exception)]
    held = list(Grant.objects.order_by("from_at"))
    assert held[-1].to_at == NOV + 8 * DAY
    assert all(one.to_at == two.from_at for one, two in pairwise(held))


@pytest.mark.django_db(transaction=True)
def test_what_is_built_while_its_team_moves_is_paid_by_the_unit_of_the_time(people):
    """Whichever is first: afterwards no open slice names a unit that the team has left."""
    claims = Team.objects.get(slug="claims")
    units = BusinessUnit.objects.order_by("-slug")

    @transaction.atomic
    def build():
        (resource,) = built(people)
        services.open_grant(done(resource))

    for unit in (*units, *units):
        move = partial(teams.move_team, team=Team.objects.get(slug="claims"), to=unit, by=SYSTEM)
        outcomes = at_once([build, move, build, build])
        assert outcomes == [None] * 4
        still = Grant.objects.filter(team=claims, to_at=None)
        assert set(still.values_list("business_unit", flat=True)) == {unit.pk}
    assert still.count() == 3 * 4
