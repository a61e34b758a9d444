"""What a request kind must say to be built: steps in order, each safe to repeat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from apps.kernel.registry import Registry

Template = tuple[Mapping[str, Any], Mapping[str, Any]]


@dataclass(frozen=True)
class Place:
    """Where it goes: the account that capacity.place() named, and its group and subscription."""

    subscription_id: str
    resource_group: str
    account: str
    region: str
    why: str

    @property
    def account_id(self) -> str:
        """The account's ARM id."""
        return (
            f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.CognitiveServices/accounts/{self.account}"
        )


@dataclass(frozen=True)
class Work:
    """What a step gets: the approved payload, the place, names, tags, facts of earlier steps.

    `subject` is noted with every call to Azure; `operation` is the continuation token of what
    Azure is doing for this step, empty when the step begins. `azure_id` is what is changed in
    place or deleted, empty where something new is built; `neighbours` counts what else is live on
    the same account.
    """

    request_id: int
    subject: str
    payload: Mapping[str, Any]
    place: Place
    name: str
    stack_name: str
    tags: Mapping[str, str]
    facts: Mapping[str, Any] = field(default_factory=dict)
    operation: str = ""
    azure_id: str = ""
    neighbours: int = 0


@dataclass(frozen=True)
class AzureOperation:
    """One line of Azure's own list of operations of a deployment."""

    azure_id: str
    name: str
    resource_type: str
    state: str
    message: str = ""


@dataclass(frozen=True)
class Next:
    """The step is done; go on with the following one, keeping `facts`."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    sentence: str = ""
    operations: Sequence[AzureOperation] = ()


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


@dataclass(frozen=True)
class Gone:
    """The last step of a deletion is done: nothing of it is left, and its quota is free again."""

    sentence: str


@dataclass(frozen=True)
class Check:
    """One answer of a preflight; `passed` is None where Azure could not say.

    `needs_person`: somebody of the platform can put it right; else only another request would pass.
    """

    label: str
    passed: bool | None
    sentence: str
    needs_person: bool = False


Outcome = Next | Wait | Built | Gone


class Provisioner(Protocol):
    """Builds one kind, and deletes it. STEPS and ENDING map step name → label, in order.

    The last of STEPS returns Built, the last of ENDING returns Gone.

    Every step may run twice: a worker can die after Azure took its call and before the row says
    so. Steps raise cloud's TransientError, NeedsPersonError and PermanentError, with the
    AzureOperations of what failed as `operations`.
    """

    @property
    def STEPS(self) -> Mapping[str, str]:
        """Step name → label, in order."""
        ...

    @property
    def ENDING(self) -> Mapping[str, str]:
        """Step name → label of its deletion, in order."""
        ...

    def name(self, payload: Mapping[str, Any], *, workload: str, environment: str) -> str:
        """Make the name that it should have in Azure; a suffix may follow, so ≤ 52 characters."""
        ...

    def template(self, work: Work) -> Template:
        """Return (ARM template, parameters) for validate and the stack; asks nobody."""
        ...

    def preview(self, work: Work) -> Template:
        """Return (ARM template, parameters) of all that a yes would make; may ask Azure."""
        ...

    def preflight(self, work: Work) -> Sequence[Check]:
        """Ask Azure what would stand in the way of the build now; changes nothing."""
        ...

    def run(self, step: str, work: Work) -> Outcome:
        """Run one short, repeatable step."""
        ...

    def reads(self, facts: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
        """List (label, value) facts of a built resource for its page."""
        ...


PROVISIONERS: Registry[Provisioner] = Registry("provisioner")
