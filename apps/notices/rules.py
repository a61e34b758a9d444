"""Who is told what: one table of events, and when a daily mail goes out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import Enum
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from apps.approvals.events import (
    OfferEnded,
    StepEscalated,
    StepHandedOn,
    StepOpened,
    StepReminded,
)
from apps.notices.protocols import Topic
from apps.provisioning.events import (
    JobDone,
    JobQueued,
    JobRefused,
    JobStarted,
    JobStuck,
    ResourceExpired,
    ResourceExpiring,
    ResourceRestored,
    ResourceRetired,
    ResourceRetiring,
)
from apps.provisioning.states import ResourceStatus
from apps.requests.events import (
    QuestionAnswered,
    QuestionAsked,
    RequestApproved,
    RequestExpired,
    RequestFailed,
    RequestRejected,
    RequestReturned,
    RequestSubmitted,
    RequestTakenBack,
    RequestWithdrawn,
)
from apps.requests.states import RequestStatus
from apps.teams.events import RoleGranted, RoleRevoked, TeamMoved

# Notices of one moment become one message: the first of them waits so long for the others.
WINDOW = timedelta(seconds=60)
DIGEST_HOUR, DIGEST_ZONE = 8, "UTC"
PLACES = (
    *("Africa/", "America/", "Asia/", "Atlantic/", "Australia/"),
    *("Europe/", "Indian/", "Pacific/"),
)


class Who(Enum):
    """Whom an event concerns; never whoever did it."""

    REQUESTER = "whoever asked"
    TEAM = "everybody who may ask for the team"
    DECIDERS = "those who may decide the open steps"
    PLATFORM = "those who run the platform"
    PERSON = "whoever it is about"


@dataclass(frozen=True)
class Rule:
    """Tell `who` under a topic; texts may name {number} {what} {team} {actor} {reason} {next}.

    The first rule of an event that fits a person is the one they hear.
    """

    who: Who
    topic: Topic
    tone: str
    title: str
    body: str


@dataclass(frozen=True)
class Told:
    """How an event is told; the audit entry of its `move` names who did it, and why.

    One that `settles` leaves nothing to decide: nobody need read any more what waited for them.
    """

    rules: tuple[Rule, ...]
    move: str = ""
    settles: bool = False


def _team(tone: str, title: str, body: str) -> tuple[Rule, ...]:
    """Tell whoever asked, and their colleagues under a topic of its own."""
    return (
        Rule(Who.REQUESTER, Topic.MINE, tone, title, body),
        Rule(Who.TEAM, Topic.TEAM, tone, title, body),
    )


TOLD: Mapping[type, Told] = {
    StepOpened: Told(
        (
            Rule(
                *(Who.DECIDERS, Topic.DECIDE, "warn"),
                "{number} waits for a decision",
                "{actor} of {team} asks for {what}. {next} may decide by rule {reason}.",
            ),
        ),
    ),
    StepReminded: Told(
        (
            Rule(
                *(Who.DECIDERS, Topic.DECIDE, "warn"),
                "{number} still waits for a decision",
                "{what} for {team}: {reason}. {next} may decide.",
            ),
        ),
    ),
    StepEscalated: Told(
        (
            Rule(
                *(Who.DECIDERS, Topic.DECIDE, "bad"),
                "{number} is late",
                "{what} for {team}: {reason}, longer than its rule lets it. {next} may decide.",
            ),
        ),
    ),
    StepHandedOn: Told(
        (
            Rule(
                *(Who.PERSON, Topic.DECIDE, "warn"),
                "{number} is handed to you",
                "{actor} asks you to decide on {what} for {team}: {reason}",
            ),
        ),
    ),
    OfferEnded: Told(
        (
            Rule(
                *(Who.PERSON, Topic.DECIDE, "run"),
                "Your offer on {number} has ended",
                "What you offered instead of {what} is {reason}",
            ),
        ),
    ),
    QuestionAsked: Told(
        _team(
            "warn",
            "{number} waits for an answer",
            "{actor} asks: “{reason}” Nobody decides on {what} until it is answered.",
        )
    ),
    QuestionAnswered: Told(
        (
            Rule(
                *(Who.DECIDERS, Topic.DECIDE, "warn"),
                "{number} is answered and waits for a decision",
                "{actor} answers: “{reason}” {next} may decide.",
            ),
        )
    ),
    RequestApproved: Told(
        _team(
            "run",
            "{number} is approved",
            "{actor} said the last yes. The page of {what} says how it goes on.",
        ),
        move=RequestStatus.APPROVED,
        settles=True,
    ),
    RequestRejected: Told(
        _team("bad", "{number} is rejected", "{actor} rejected {what}: “{reason}”"),
        move=RequestStatus.REJECTED,
        settles=True,
    ),
    RequestReturned: Told(
        _team(
            "warn",
            "{number} needs a change",
            "{what}: {reason} It can be changed and submitted again.",
        ),
        move=RequestStatus.RETURNED,
        settles=True,
    ),
    RequestTakenBack: Told(
        _team(
            "off",
            "{number} is out of review",
            "{actor} took {what} back to change it. {reason}",
        ),
        move=RequestStatus.RETURNED,
        settles=True,
    ),
    RequestExpired: Told(
        _team(
            "off",
            "{number} has expired",
            "{what}: {reason} Nothing is held for it any more. It can be submitted again.",
        ),
        move=RequestStatus.EXPIRED,
        settles=True,
    ),
    RequestWithdrawn: Told(
        _team("off", "{number} is withdrawn", "{actor} took {what} back."),
        move=RequestStatus.WITHDRAWN,
        settles=True,
    ),
    RequestFailed: Told(
        _team(
            "bad",
            "{number} could not be built",
            "{actor} gave up building {what}: {reason} Its capacity is free again.",
        ),
        move=RequestStatus.FAILED,
    ),
    JobDone: Told(
        _team("good", "{number} is done", "{what} is there. Its page says how to call it."),
        move=RequestStatus.DONE,
    ),
    JobStuck: Told(
        (
            Rule(
                *(Who.PLATFORM, Topic.HELP, "bad"),
                "{number} needs help",
                "The build of {what} for {team} stopped: {reason}",
            ),
            *_team(
                "warn",
                "{number} is delayed",
                "The build of {what} waits for the platform team, who know. Nothing is lost.",
            ),
        ),
        move=RequestStatus.NEEDS_HELP,
    ),
    ResourceExpiring: Told(
        _team("warn", "{what} ends soon", "{reason} Renew it on its page, or decommission it."),
        move="reminded",
    ),
    ResourceExpired: Told(_team("warn", "{what} has ended", "{reason}"), move="reminded"),
    ResourceRetiring: Told(
        _team("warn", "{what} is retiring", "{reason} Until its end it can be restored."),
        move=ResourceStatus.RETIRING,
    ),
    ResourceRestored: Told(
        _team("good", "{what} is restored", "{actor} has restored it. It can be called again."),
        move=ResourceStatus.LIVE,
    ),
    ResourceRetired: Told(
        _team("off", "{what} is deleted", "Nothing of it is left in Azure, nor of its quota."),
        move=ResourceStatus.RETIRED,
    ),
    RoleGranted: Told(
        (
            Rule(
                *(Who.PERSON, Topic.SECURITY, "run"),
                "You have a new role",
                "{actor} made you {what}. If that is a mistake, tell a platform admin.",
            ),
        ),
        move="granted a role",
    ),
    RoleRevoked: Told(
        (
            Rule(
                *(Who.PERSON, Topic.SECURITY, "warn"),
                "You have lost a role",
                "{actor} took it from you: {what}. If that is a mistake, tell a platform admin.",
            ),
        ),
        move="revoked a role",
    ),
}
# Events that nobody is told about, each with the reason.
QUIET: Mapping[type, str] = {
    RequestSubmitted: "those who decide are told of each step that waits for them: StepOpened",
    JobQueued: "the request's page shows the work as it goes",
    JobStarted: "the request's page shows the work as it goes",
    JobRefused: "what follows from it is told: RequestReturned",
    TeamMoved: "an act of the platform on rows of the platform; it is in the audit trail",
}


@cache
def zones() -> tuple[str, ...]:
    """List the time zones that people may choose: UTC, and the places of the world."""
    return ("UTC", *sorted(one for one in available_timezones() if one.startswith(PLACES)))


def next_digest(now: datetime, *, hour: int, zone: str) -> datetime:
    """Return the next moment at which it is `hour` o'clock there, as UTC sees it.

    An hour that a change of the clocks leaves out that day comes an hour later.
    """
    there = now.astimezone(ZoneInfo(zone))
    moment = datetime.combine(there.date(), time(hour), there.tzinfo)
    if moment.astimezone(now.tzinfo) <= now:
        moment = datetime.combine(there.date() + timedelta(days=1), time(hour), there.tzinfo)
    return moment.astimezone(now.tzinfo)
