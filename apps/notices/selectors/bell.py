"""Notices as their person sees them, and how they want them."""

from collections.abc import Mapping

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.kernel import keyset
from apps.kernel.errors import NotFoundError
from apps.notices.models import DigestTime, Notice, Preference
from apps.notices.protocols import DEFAULTS, MANDATORY, OFFERED, Channel, Mode, Topic
from apps.notices.rules import DIGEST_HOUR, DIGEST_ZONE
from apps.requests import selectors as requests
from apps.teams import selectors as teams
from apps.teams.models import Person
from apps.teams.roles import Action

MOST_COUNTED = 100
ORDER = ("-id",)
Modes = dict[tuple[Topic, Channel], Mode]


def notices_of(viewer: Person) -> QuerySet[Notice]:
    """Return what the viewer was told and may still see: not of requests that they no longer do."""
    seen = Q(request=None) | Exists(
        requests.requests_visible(viewer).filter(pk=OuterRef("request"))
    )
    return Notice.objects.filter(seen, person=viewer)


def unread_count(viewer: Person) -> int:
    """Count what the viewer has not read, up to a hundred."""
    return notices_of(viewer).filter(listed=True, read_at=None)[:MOST_COUNTED].count()


def page_of(viewer: Person, *, unread: bool, cursor: str) -> keyset.Page[Notice]:
    """Cut one page out of the list under the bell, newest first."""
    rows = notices_of(viewer).filter(listed=True)
    if unread:
        rows = rows.filter(read_at=None)
    return keyset.page(rows, order=ORDER, cursor=cursor)


def notice_for(viewer: Person, pk: int) -> Notice:
    """Return one notice of the viewer's own; any other does not exist for them."""
    found = notices_of(viewer).filter(pk=pk).first()
    if found is None:
        raise NotFoundError
    return found


def topics_for(viewer: Person) -> list[Topic]:
    """List the topics that can concern the viewer."""
    platform = teams.may_anywhere(viewer, Action.JOB_OPERATE)
    return [one for one in Topic if platform or one != Topic.HELP]


def preferences_of(people: list[Person]) -> Mapping[int, Modes]:
    """Return how each wants each topic by each channel: the default, unless they chose."""
    default: Modes = {
        (topic, channel): mode for channel in OFFERED for topic, mode in DEFAULTS[channel].items()
    }
    modes = {person.pk: dict(default) for person in people}
    for row in Preference.objects.filter(person__in=modes).exclude(topic__in=MANDATORY):
        modes[row.person_id][Topic(row.topic), Channel(row.channel)] = Mode(row.mode)
    return modes


def digest_times(people: list[Person]) -> Mapping[int, tuple[int, str]]:
    """Return the hour and the zone of each one's daily mail."""
    chosen = {
        row.person_id: (row.hour, row.zone) for row in DigestTime.objects.filter(person__in=people)
    }
    return {one.pk: chosen.get(one.pk, (DIGEST_HOUR, DIGEST_ZONE)) for one in people}
