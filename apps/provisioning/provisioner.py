"""What a request kind must say to be built: steps in order, each safe to repeat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from apps.kernel.registry import Registry


@dataclass(frozen=True)
class Place:
    """Where it goes: the account that capacity.place() named, and its group and subscription."""

    subscription_id: str
    resource_group: str
    account: str
    region: str
    why: str


@dataclass(frozen=True)
class Work:
    """What a step gets: the approved payload, the place, names, tags, facts of earlier steps."""

    request_id: int
    subject: str
    payload: Mapping[str, Any]
    place: Place
    name: str
    stack_name: str
    tags: Mapping[str, str]
    facts: Mapping[str, Any] = field(default_factory=dict)
    operation: str = ""


@dataclass(frozen=True)
class Next:
    """The step is done; go on with the following one, keeping `facts`."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    sentence: str = ""


@dataclass(frozen=True)
class AzureOperation:
    """One line of Azure's own list of operations of a deployment."""

    azure_id: str
    name: str
    resource_type: str
    state: str
    message: str = ""


@dataclass(frozen=True)
class Wait:
    """Azure works on it; look again `after`, with the continuation token `operation`."""

    operation: str
    after: timedelta
    sentence: str = ""
    operations: Sequence[AzureOperation] = ()


@dataclass(frozen=True)
class Built:
    """The last step is done: what was built, as Azure names it, with facts for its page."""

    azure_id: str
    stack_id: str
    facts: Mapping[str, Any]
    operations: Sequence[AzureOperation] = ()


Outcome = Next | Wait | Built


class Provisioner(Protocol):
    """Builds one kind. `STEPS` maps step name → label, in order; the last returns Built."""

    STEPS: Mapping[str, str]

    def template(self, work: Work) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return (ARM template, parameters) for what-if, validate and the stack."""
        ...

    def run(self, step: str, work: Work) -> Outcome:
        """Run one short, repeatable step; raises cloud errors (transient or permanent)."""
        ...

    def reads(self, facts: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
        """List (label, value) facts of a built resource for its page."""
        ...


PROVISIONERS: Registry[Provisioner] = Registry("provisioner")
