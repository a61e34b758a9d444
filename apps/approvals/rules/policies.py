"""Policies once they were read: rules with their conditions, and what each of them does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from apps.approvals.rules.conditions import Condition
from apps.approvals.rules.words import Who

UNMATCHED = "P-00"  # stands for “no rule matches”; no rule of a document has this number


@dataclass(frozen=True)
class Asks:
    """A step as a rule writes it; `looks_at` None means: whatever the rule's condition does."""

    label: str
    who: Who
    line: int
    stage: int = 1
    quorum: int = 1
    deadline: timedelta | None = None
    remind: timedelta | None = None
    escalate: Who | None = None
    looks_at: Sequence[str] | None = None
    distinct: bool = False

    @property
    def place(self) -> tuple[int, str]:
        """What makes it the same step as that of another rule."""
        return self.stage, self.label


@dataclass(frozen=True)
class Rule:
    """A rule asks for steps, waives the steps of others, or denies; `text` is its condition."""

    id: str
    name: str
    line: int
    text: str = ""
    when: Condition | None = None
    steps: Sequence[Asks] = ()
    waives: Sequence[str] = ()
    denies: str = ""


@dataclass(frozen=True)
class Policies:
    """A document: all rules that match count, or only the `first` one."""

    rules: Sequence[Rule]
    first: bool = False
    expires: timedelta | None = None
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
