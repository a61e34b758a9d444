"""What happens to the steps of a request and to its offers, beside its own moves."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DecidingEvent:
    """Something happened while request `request_id` waits for people.

    `key` names this very occurrence; `actor` is the reference of whoever did it, `actor_name` their
    name, `reason` what they wrote or what it is about. `person_id` is whom it is meant for, if it
    is one person, `step_id` the step that waits.
    """

    request_id: int
    key: str
    actor: str
    actor_name: str
    reason: str = ""
    step_id: int | None = None
    person_id: int | None = None


@dataclass(frozen=True)
class StepOpened(DecidingEvent):
    """A step waits for those who may decide."""


@dataclass(frozen=True)
class StepReminded(DecidingEvent):
    """A step has waited so long that those who may decide are told again."""


@dataclass(frozen=True)
class StepEscalated(DecidingEvent):
    """A step is late, and others may decide too."""


@dataclass(frozen=True)
class StepHandedOn(DecidingEvent):
    """Somebody was named for a step."""


@dataclass(frozen=True)
class OfferEnded(DecidingEvent):
    """What was offered was accepted, declined or taken back; for whoever offered it."""
