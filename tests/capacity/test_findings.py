"""What Azure counts beyond what we built is found, explained or adopted, and goes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.capacity import selectors, services
from apps.capacity.collectors import write
from apps.capacity.models import Finding, Hold, Pool
from apps.cloud.client import Usage
from apps.kernel.errors import ConflictError, NotAllowedError, NotFoundError
from apps.kernel.models import AuditEntry
from apps.teams.roles import Role
from tests.capacity.pools import METER, REGION, Ask, claim, pool, promised, subscription
from tests.teams.organisation import Organisation, person

pytestmark = pytest.mark.django_db
NOTE = "test-joe, made by hand on 21 Nov"


@pytest.fixture
def admin():
    return person(Role.PLATFORM_ADMIN)


@pytest.fixture
def claims():
    return Organisation().claims


def read(used, *, limit=1000, at=None):
    found = {METER: Usage(METER, "", used, limit, "Count")}
    write.write_region(subscription(), REGION, found, at or timezone.now())


def found():
    rows = Finding.objects.order_by("pk")
    return [(row.status, row.amount) for row in rows]


def built(amount, subject="request:1"):
    for act in (services.hold, services.commit, services.mark_built):
        act(Ask(subject, [claim(amount)]))


def refused(act, **more):
    with pytest.raises(ConflictError) as caught:
        act(**more)
    return caught.value.message.replace("\xa0", " ")


def test_use_that_we_did_not_make_is_found_once_and_goes_with_it():
    read(50)
    read(50)
    assert found() == [("open", 50)]
    first = Finding.objects.get().first_seen_at
    read(80)
    assert found() == [("open", 80)]
    read(30)
    assert found() == [("open", 30)]
    assert Finding.objects.get().first_seen_at == first
    read(0)
    assert found() == [("gone", 30)]
    read(20)
    assert found() == [("gone", 30), ("open", 20)]
    verbs = AuditEntry.objects.filter(subject__startswith="finding:").order_by("id")
    assert list(verbs.values_list("verb", flat=True)) == [
        "found use past the portal",
        "gone",
        "found use past the portal",
    ]


def test_what_we_build_is_no_finding_before_during_and_after():
    read(0)
    ask = Ask("request:1", [claim(300)])
    services.hold(ask)
    services.commit(ask)
    read(300)  # Azure has it, the job does not know yet
    assert found() == []
    services.mark_built(ask)
    read(300)
    began = timezone.now()
    services.release(ask)
    read(300, at=began)  # read before it was given back
    assert found() == []
    read(300)
    assert found() == [("open", 300)], "given back to us, and Azure still counts it"


def test_a_finding_keeps_its_amount_while_something_is_built():
    read(50)
    ask = Ask("request:1", [claim(300)])
    services.hold(ask)
    services.commit(ask)
    read(50)
    read(350)
    assert found() == [("open", 50)]
    services.mark_built(ask)
    read(350)
    assert found() == [("open", 50)]


def test_what_is_built_while_azure_answers_does_not_end_an_explained_finding(admin):
    read(10)
    services.explain_finding(pk=Finding.objects.get().pk, note=NOTE, by=admin)
    began = timezone.now()
    built(20)
    read(10, at=began)  # counted before it was built
    assert found() == [("explained", 10)]
    read(30, at=began)  # counted after it was built, in the same reading
    assert found() == [("explained", 10)]
    read(30)
    assert found() == [("explained", 10)]


def test_what_is_built_between_two_readings_hides_nothing_that_others_use():
    read(10, limit=100)
    built(20)
    assert Pool.objects.get().azure_used == 10
    left = selectors.free(tier="prod", region=REGION, meter=METER)
    assert (left.built, left.foreign, left.free) == (20, 10, 70)
    with pytest.raises(ConflictError):
        services.hold(Ask("request:2", [claim(71)]))
    services.hold(Ask("request:2", [claim(70)]))
    read(30, limit=100)
    left = selectors.free(tier="prod", region=REGION, meter=METER)
    assert (left.foreign, left.free) == (10, 0)


def test_explained_use_is_told_again_when_it_grows(admin):
    read(50)
    pk = Finding.objects.get().pk
    services.explain_finding(pk=pk, note=NOTE, by=admin)
    read(50)
    read(40)
    assert found() == [("explained", 40)]
    assert "explained already" in refused(services.explain_finding, pk=pk, note=NOTE, by=admin)
    read(60)
    assert found() == [("open", 60)]
    row = Finding.objects.get()
    assert (row.explanation, row.explained_by) == (NOTE, admin)
    entry = AuditEntry.objects.get(subject=row.ref, verb="open")
    assert entry.note == "It grew from 40 to 60 since it was explained."


def test_adopted_use_counts_as_the_team_s(admin, claims):
    read(50)
    one = Pool.objects.get()
    services.set_allowance(pool_id=one.pk, owner=claims, limit=100, by=admin)
    finding = Finding.objects.get()
    services.adopt_finding(pk=finding.pk, team=claims, amount=50, note=NOTE, by=admin)
    (row,) = Hold.objects.all()
    assert (row.subject, row.team, row.amount, row.status) == (finding.ref, claims, 50, "built")
    free = selectors.free(tier="prod", region=REGION, meter=METER)
    assert (free.foreign, free.built, free.free) == (0, 50, 950)
    assert selectors.left_of([free], claims) == {one.pk: 50}
    read(50)
    assert found() == [("adopted", 50)]
    read(70)
    assert found() == [("adopted", 50), ("open", 20)]


def test_a_part_is_adopted_and_the_rest_stays_found(admin, claims):
    read(50)
    first = Finding.objects.get()
    services.adopt_finding(pk=first.pk, team=claims, amount=30, note=NOTE, by=admin)
    assert found() == [("adopted", 30), ("open", 20)]
    rest = Finding.objects.get(status="open")
    assert rest.first_seen_at == first.first_seen_at
    read(50)
    assert found() == [("adopted", 30), ("open", 20)]


def test_adoption_stays_within_the_allowances(admin, claims):
    read(50)
    one = Pool.objects.get()
    services.set_allowance(pool_id=one.pk, owner=claims, limit=40, by=admin)
    pk = Finding.objects.get().pk
    said = refused(services.adopt_finding, pk=pk, team=claims, amount=50, note=NOTE, by=admin)
    assert said.startswith(
        "50 K TPM are more than the allowance of Claims has left: 40 K TPM of 40"
    )
    for amount in (0, -1, 51):
        said = refused(
            services.adopt_finding, pk=pk, team=claims, amount=amount, note=NOTE, by=admin
        )
        assert "1 to 50 K TPM" in said
    assert found() == [("open", 50)]
    services.adopt_finding(pk=pk, team=claims, amount=40, note=NOTE, by=admin)


def test_adopted_use_is_given_back_when_it_is_gone(admin, claims):
    read(50)
    pk = Finding.objects.get().pk
    assert "Only use that was adopted" in refused(services.drop_finding, pk=pk, note=NOTE, by=admin)
    services.adopt_finding(pk=pk, team=claims, amount=50, note=NOTE, by=admin)
    for act in (services.explain_finding, services.drop_finding):
        if act is services.explain_finding:
            assert "is adopted already" in refused(act, pk=pk, note=NOTE, by=admin)
    services.drop_finding(pk=pk, note="Joe deleted it today", by=admin)
    assert found() == [("gone", 50)]
    assert promised(Pool.objects.get()) == 0
    assert "Only use that was adopted" in refused(services.drop_finding, pk=pk, note=NOTE, by=admin)


def test_only_platform_admins_with_a_reason(admin, claims):
    read(50)
    pk = Finding.objects.get().pk
    lead = person(Role.TEAM_LEAD, claims)
    for act, more in (
        (services.explain_finding, {}),
        (services.adopt_finding, {"team": claims, "amount": 50}),
        (services.drop_finding, {}),
    ):
        with pytest.raises(NotAllowedError):
            act(pk=pk, note=NOTE, by=lead, **more)
        with pytest.raises(NotFoundError):
            act(pk=999, note=NOTE, by=admin, **more)
    for note in ("", "  short  ", "x" * 301):
        assert "10 to 300" in refused(services.explain_finding, pk=pk, note=note, by=admin)
    assert found() == [("open", 50)]


def test_an_older_reading_finds_nothing():
    now = timezone.now()
    read(0, at=now)
    read(50, at=now - timedelta(seconds=5))
    assert found() == []


def test_a_meter_that_azure_no_longer_lists_has_no_findings():
    pool(100, meter="OpenAI.Standard.gone", used=10)
    Finding.objects.create(
        pool=Pool.objects.get(),
        amount=10,
        first_seen_at=timezone.now(),
        seen_at=timezone.now(),
    )
    read(0)
    assert found() == [("gone", 10)]
