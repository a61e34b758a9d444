"""A version upgrade, a move to another unit and a new price within sixty minutes: never mixed up.

A price set begins at a UTC midnight, as Azure's prices do, so the sixty minutes lie around one.
Within a clock hour only an upgrade to a version with prices of its own changes the price.
"""

import uuid
from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from apps.access import services as access
from apps.access.models import Grant
from apps.catalog.models import CatalogState, Price, PriceSet
from apps.kernel.actors import SYSTEM
from apps.teams import services as teams
from apps.teams.models import BusinessUnit
from apps.usage import rollups, selectors
from apps.usage.selectors import Period, Question
from apps.usage.states import Dimension, Grain
from tests.usage.batches import deployment, events, send

pytestmark = pytest.mark.django_db
MIDNIGHT = datetime.combine(timezone.now().date(), time(), UTC) - timedelta(days=1)
MINUTE = timedelta(minutes=1)
OLD, NEW = "2024-05-13", "2024-11-20"
IN, OUT = 1_001, 101  # tokens of a call
AT_OLD, AT_NEW = IN * 5000 + OUT * 15_000, IN * 2500 + OUT * 10_000  # nano, 5/15 and 2.5/10 USD
AT_CHANGED = IN * 1000 + OUT * 3000  # 1 and 3 USD per 1 M
ROWS = """
SELECT {at}, version, slug, price_set_id, requests, list_cost_nano
FROM {table} JOIN usage_modelkey m ON m.id = model_id JOIN teams_businessunit b ON b.id = bu_id
ORDER BY {at}, version, slug
"""


@pytest.fixture
def resource(people):
    return deployment(people, model="gpt-4o", version=OLD)


def upgrade(resource, at):
    """Let Azure have upgraded the deployment at a moment."""
    resource.facts["version"] = NEW
    resource.save()
    access.renew_grants(resources=[resource], at=at, by=SYSTEM)


def move(resource, at):
    """Move the team now, and let that now have been at a moment."""
    teams.move_team(team=resource.team, to=BusinessUnit.objects.get(slug="retail-bank"), by=SYSTEM)
    after, before = Grant.objects.order_by("-from_at")[:2]
    assert before.to_at == after.from_at
    before.to_at = after.from_at = at
    before.save()
    after.save()


def change_price(on):
    """Let gpt-4o 2024-11-20 cost 1 and 3 USD from a UTC day on."""
    old = PriceSet.objects.get(
        model="gpt-4o",
        version=NEW,
        deployment_type="GlobalStandard",
        region="swedencentral",
        ends_on=None,
    )
    PriceSet.objects.filter(pk=old.pk).update(ends_on=on)
    old.pk, old.effective_on = None, on
    old.save()
    for name, usd in (("input", 1), ("output", 3)):
        Price.objects.create(price_set=old, token_class=name, price_nano=usd * 10**9, meter="")
    CatalogState.objects.update(revision=uuid.uuid4())
    return old


def call(resource, *times):
    send(events(resource, times, input_tokens=IN, output_tokens=OUT))


def rows(table):
    with connection.cursor() as cursor:
        cursor.execute(ROWS.format(table=table, at=table.removeprefix("usage_")))
        return cursor.fetchall()


def costs(by, *, hours=48):
    """Ask for the list cost by a dimension, around the midnight."""
    half = timedelta(hours=hours // 2)
    period = Period(MIDNIGHT - half, MIDNIGHT + half, Grain.HOUR)
    answer = selectors.ask_everything(Question(period, by, top=None))
    assert selectors.added(group.sums for group in answer.groups) == answer.total
    return {group.name.key: group.sums.cost_nano for group in answer.groups}


def test_sixty_minutes_around_midnight(resource):
    upgrade(resource, MIDNIGHT - 20 * MINUTE)
    move(resource, MIDNIGHT - 10 * MINUTE)
    changed = change_price(MIDNIGHT.date())
    times = [MIDNIGHT + minutes * MINUTE for minutes in (-25, -15, -5, 0, 5)]
    call(resource, *times, MIDNIGHT - timedelta(microseconds=1))
    rollups.roll_all()
    hours, days = rows("usage_hour"), rows("usage_day")
    evening = [
        (OLD, "insurance", 1, AT_OLD),
        (NEW, "insurance", 1, AT_NEW),
        (NEW, "retail-bank", 2, 2 * AT_NEW),
    ]
    night = (NEW, "retail-bank", 2, 2 * AT_CHANGED)
    for found, width in ((hours, timedelta(hours=1)), (days, timedelta(days=1))):
        assert [(one[1], one[2], one[4], one[5]) for one in found] == [*evening, night]
        assert {one[0] for one in found[:3]} == {MIDNIGHT - width}
        assert found[3][0] == MIDNIGHT
        assert len({one[3] for one in found}) == 3
        assert found[3][3] == changed.pk
    assert selectors.differences(*selectors.span()) == []
    assert costs(Dimension.BU) == costs(Dimension.BU, hours=2)
    assert costs(Dimension.BU) == {
        "insurance": AT_OLD + AT_NEW,
        "retail-bank": 2 * (AT_NEW + AT_CHANGED),
    }
    assert costs(Dimension.MODEL) == {"gpt-4o": AT_OLD + 3 * AT_NEW + 2 * AT_CHANGED}


def test_within_one_clock_hour(resource):
    """The upgrade to a version that costs less and the move, at 14:20 and 14:40 of one day."""
    hour = MIDNIGHT - timedelta(hours=10)
    upgrade(resource, hour + 20 * MINUTE)
    move(resource, hour + 40 * MINUTE)
    call(resource, *(hour + minutes * MINUTE for minutes in (0, 19, 20, 39, 40, 59)))
    rollups.roll_all()
    found = rows("usage_hour")
    assert [one[0] for one in found] == [hour] * 3
    assert [(one[1], one[2], one[4], one[5]) for one in found] == [
        (OLD, "insurance", 2, 2 * AT_OLD),
        (NEW, "insurance", 2, 2 * AT_NEW),
        (NEW, "retail-bank", 2, 2 * AT_NEW),
    ]
    assert [one[1:] for one in rows("usage_day")] == [one[1:] for one in found]
    assert found[0][3] != found[1][3] == found[2][3]
    assert selectors.differences(*selectors.span()) == []


def test_a_late_call_is_attributed_and_priced_by_its_own_time(resource):
    """What is sent after everything has changed belongs where it would have gone at its time."""
    upgrade(resource, MIDNIGHT - 20 * MINUTE)
    move(resource, MIDNIGHT - 10 * MINUTE)
    change_price(MIDNIGHT.date())
    call(resource, MIDNIGHT + 5 * MINUTE)
    rollups.roll_all()
    call(resource, MIDNIGHT - 25 * MINUTE)
    rollups.roll_all()
    assert costs(Dimension.BU) == {"insurance": AT_OLD, "retail-bank": AT_CHANGED}
