"""Write notices, mark them read, keep what people prefer, and start a delivery again."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.kernel import audit, states
from apps.kernel.errors import InvalidError, NotFoundError
from apps.notices import selectors
from apps.notices.models import Delivery, DigestTime, Notice, Preference, TeamsChannel
from apps.notices.protocols import (
    DEFAULTS,
    MANDATORY,
    OFFERED,
    SHARED,
    Channel,
    Mode,
    Topic,
    one_line,
)
from apps.notices.rules import TOLD, WINDOW, Rule, next_digest, zones
from apps.notices.states import DeliveryStatus
from apps.requests.models import ResourceRequest
from apps.teams import services as teams
from apps.teams.models import BusinessUnit, Person
from apps.teams.roles import Action

KEPT = timedelta(days=180)
NEEDS_SOMEBODY = ("warn", "bad")  # the tones of what waits for a person
REFERENCES = ("env:", "file:", "keyvault:")


def inform(event: object) -> None:
    """Write down whom an event is told to, in its transaction; nothing is sent here.

    Told again, the same event changes nothing: a notice is unique per person and occurrence.
    """
    told, now = TOLD[type(event)], timezone.now()
    facts = selectors.facts_of(event, told)
    if told.settles and facts.request:
        _settle(facts.request, now)
    heard = selectors.people_told(facts, told)
    people = [person for _, person in heard]
    modes, hours = selectors.preferences_of(people), selectors.digest_times(people)
    rows = []
    for rule, person in heard:
        mode = modes[person.pk]
        listed = mode[rule.topic, Channel.PORTAL] != Mode.OFF
        due_at = _due(mode[rule.topic, Channel.EMAIL], now, hours[person.pk])
        if listed or due_at:
            rows.append(_notice(rule, facts, person=person, listed=listed, due_at=due_at))
    for rule, channel in selectors.channels_told(facts, told):
        rows.append(_notice(rule, facts, channel=channel, listed=False, due_at=now + WINDOW))
    Notice.objects.bulk_create(rows, ignore_conflicts=True)


def _settle(request: ResourceRequest, now: datetime) -> None:
    """Mark as read, and do not send, what said that somebody has to decide on a request.

    A row that its person or a worker is just writing is let go: this act never waits for them.
    """
    waiting = Notice.objects.select_for_update(skip_locked=True).filter(
        Q(read_at=None) | Q(delivery=None),
        request=request,
        topic=Topic.DECIDE,
        tone__in=NEEDS_SOMEBODY,
    )
    rows = [row.pk for row in waiting.only("pk")]
    Notice.objects.filter(pk__in=rows).update(read_at=Coalesce("read_at", now), due_at=None)


def _due(mode: Mode, now: datetime, clock: tuple[int, str]) -> datetime | None:
    if mode == Mode.OFF:
        return None
    hour, zone = clock
    return now + WINDOW if mode == Mode.NOW else next_digest(now, hour=hour, zone=zone)


def _notice(rule: Rule, facts: selectors.Facts, **to: Any) -> Notice:
    return Notice(
        event_key=facts.key,
        topic=rule.topic,
        subject=facts.subject,
        request=facts.request,
        title=one_line(rule.title.format_map(facts.words), 250),
        body=one_line(rule.body.format_map(facts.words), 700),
        path=facts.path,
        tone=rule.tone,
        **to,
    )


def mark_read(*, pk: int, by: Person) -> Notice:
    """Note that somebody has read one of their notices."""
    notice = selectors.notice_for(by, pk)
    Notice.objects.filter(pk=pk, read_at=None).update(read_at=timezone.now())
    return notice


def mark_all_read(*, by: Person) -> int:
    """Note that somebody has read all that the list shows; returns how many were unread."""
    rows = selectors.notices_of(by).filter(listed=True, read_at=None)
    return rows.update(read_at=timezone.now())


@transaction.atomic
def save_preferences(
    *, chosen: Mapping[tuple[Topic, Channel], str], hour: str, zone: str, by: Person
) -> None:
    """Keep how somebody wants to be told; what waits and is not wanted any more is not sent.

    Raises InvalidError for a mode that a channel does not offer, an hour or a zone that is none.
    """
    if hour not in map(str, range(24)):
        raise InvalidError("Choose an hour from 0 to 23.", {"hour": "Choose from 0 to 23."})
    if zone not in zones():
        raise InvalidError("Choose a time zone of the list.", {"zone": "Choose one of the list."})
    for (topic, channel), mode in chosen.items():
        if topic in MANDATORY or mode not in OFFERED[channel]:
            raise InvalidError(
                f"“{topic.label}” cannot be had “{mode[:20]}” {channel.label.lower()}.",
                {f"{channel}-{topic}": "Choose one of the list."},
            )
        _keep(by, topic, channel, Mode(mode))
    DigestTime.objects.update_or_create(person=by, defaults={"hour": int(hour), "zone": zone})


def _keep(person: Person, topic: Topic, channel: Channel, mode: Mode) -> None:
    """Keep only what differs from the default, so that a better default reaches the others."""
    at: dict[str, Any] = {"person": person, "topic": topic, "channel": channel}
    if mode == DEFAULTS[channel][topic]:
        Preference.objects.filter(**at).delete()
    else:
        Preference.objects.update_or_create(**at, defaults={"mode": mode})
    if channel == Channel.EMAIL and mode == Mode.OFF:
        Notice.objects.filter(person=person, topic=topic, delivery=None).update(due_at=None)


@transaction.atomic
def retry_delivery(*, pk: int, by: Person) -> Delivery:
    """Let a worker try again what failed, from the beginning."""
    teams.require(by, Action.NOTICES_OPERATE, None)
    delivery = selectors.delivery_for(by, pk)
    now = timezone.now()
    states.move(
        delivery,
        to=DeliveryStatus.PENDING,
        by=by,
        due_at=now,
        since_at=now,
        attempts=0,
        ended_at=None,
    )
    return delivery


@transaction.atomic
def add_channel(
    *, name: str, unit: str, webhook: str, topics: Iterable[str], by: Person
) -> TeamsChannel:
    """Tell a channel in Teams about one unit (its slug), or about all of them.

    `webhook` is the reference of its secret address, never the address. Raises InvalidError with a
    sentence per field.
    """
    teams.require(by, Action.NOTICES_OPERATE, None)
    name, webhook, topics = one_line(name, 80), webhook.strip(), sorted(topics)
    errors = {}
    if not name:
        errors["name"] = "Write the name of the channel."
    elif TeamsChannel.objects.filter(active=True, name=name).exists():
        errors["name"] = f"There is a channel “{name}” already. Remove it first, or name another."
    if not webhook.startswith(REFERENCES) or len(webhook) > 300:
        errors["webhook"] = (
            "Name where the secret address is kept: env:NAME, file:/path or keyvault:https://… "
            "The address itself does not belong here."
        )
    if not topics or not set(topics) <= SHARED.keys():
        errors["topics"] = "Choose at least one topic."
    found = BusinessUnit.objects.filter(slug=unit).first() if unit else None
    if unit and not found:
        errors["unit"] = "Choose a business unit of the list, or all."
    if errors:
        raise InvalidError(" ".join(errors.values()), errors)
    row = TeamsChannel.objects.create(
        name=name, business_unit=found, webhook=webhook, topics=topics
    )
    _record(row, "added a Teams channel", by)
    return row


@transaction.atomic
def remove_channel(*, pk: int, by: Person) -> TeamsChannel:
    """Tell a channel nothing any more; what was sent there stays in the log."""
    teams.require(by, Action.NOTICES_OPERATE, None)
    row = TeamsChannel.objects.select_for_update().filter(pk=pk, active=True).first()
    if row is None:
        raise NotFoundError
    TeamsChannel.objects.filter(pk=pk).update(active=False)
    _record(row, "removed a Teams channel", by)
    return row


def _record(row: TeamsChannel, verb: str, by: Person) -> None:
    where = str(row.business_unit or "the whole platform")
    audit.record(
        subject=row.ref,
        subject_name=row.name,
        verb=verb,
        by=by,
        after={"of": where, "topics": row.topics, "webhook": row.webhook},
    )


def forget_old(*, now: datetime) -> int:
    """Delete notices that are half a year old, and deliveries that no notice names any more."""
    old = now - KEPT
    deleted, _ = Notice.objects.filter(at__lt=old).delete()
    Delivery.objects.filter(since_at__lt=old, notices=None).delete()
    return deleted
