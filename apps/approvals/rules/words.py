"""What policies come to for one request: the words that the evaluator and the engine share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from apps.teams.roles import Action

Fact = str | int | float | None
Facts = Mapping[str, Fact]  # by the names of fields.py; amounts in nano-USD; None: not known
ALL = 0  # a quorum: everybody who may decide when the step opens


@dataclass(frozen=True)
class Who:
    """Who may decide: those whose role allows `action` in the request's scope, or these people.

    `people` are e-mail addresses, `group` the name they were listed under.
    """

    action: Action | None = None
    people: Sequence[str] = ()
    group: str = ""


@dataclass(frozen=True)
class Needed:
    """A step with its rules; one that is not needed is kept too, so that people see why.

    `rule` is what people read (`P-05: …, as 2 161.86 USD a month are expected`), `rules` its ids.
    `inputs` are the facts that the step looks at: a change of others does not ask it again.
    """

    label: str
    who: Who
    rule: str
    rules: Sequence[str]
    needed: bool = True
    stage: int = 1
    quorum: int = 1
    distinct: bool = False
    inputs: Facts = field(default_factory=dict)
    deadline: timedelta | None = None
    remind: timedelta | None = None
    escalate: Who | None = None


@dataclass(frozen=True)
class Denied:
    """A rule that forbids the request, in words that end with what would pass."""

    rule: str
    sentence: str


@dataclass(frozen=True)
class Hit:
    """What came of one rule: it applied, did not, or could not be decided (None); in words."""

    rule: str
    name: str
    applied: bool | None
    sentence: str


@dataclass(frozen=True)
class Plan:
    """All that the policies say of one request; nothing to decide means: it is approved at once."""

    steps: Sequence[Needed]
    denied: Sequence[Denied] = ()
    hits: Sequence[Hit] = ()
    expires: timedelta | None = None
