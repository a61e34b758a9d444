"""Move a row from one state to the next, once, and leave a trace."""

from collections.abc import Collection, Mapping
from typing import Any, Protocol, Self

from django.db import models, transaction

from apps.kernel import audit
from apps.kernel.actors import Actor
from apps.kernel.errors import ConflictError, StaleStateError

Transitions = Mapping[Any, Collection[Any]]


class Status(models.TextChoices):
    """A state with its tone (off, run, warn, bad, good): `DRAFT = "draft", "off", "Draft"`."""

    tone: str

    def __new__(cls, value: str, tone: str = "") -> Self:
        """Keep the tone beside the value."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.tone = tone
        return member


class Stateful(Protocol):
    """A row with a state: `status` is a Status, `ref` and `scope` go into the audit."""

    pk: Any
    status: Any

    @property
    def TRANSITIONS(self) -> Transitions:
        """Which states may follow which."""
        ...

    @property
    def ref(self) -> str:
        """The text reference."""
        ...

    @property
    def scope(self) -> str:
        """The path that decides who may read its audit entries."""
        ...


@transaction.atomic
def move(
    row: Stateful,
    *,
    to: Status,
    by: Actor,
    where: Mapping[str, Any] | None = None,
    note: str = "",
    audited: bool = True,
    **changes: Any,
) -> None:
    """Move `row` to state `to`, if its table of transitions and the database both agree.

    `UPDATE … WHERE status = <what I read> AND <where>`: of two people pressing Approve at the same
    moment one wins, the other gets StaleStateError; a worker whose lease (`where`) is gone writes
    nothing. `changes` are written by the same statement. Lease moves pass `audited=False`.
    """
    assert isinstance(row, models.Model)  # noqa: S101
    kind, came_from = row._meta.verbose_name, row.status
    if to not in row.TRANSITIONS.get(came_from, ()):
        label = type(to)(came_from).label.lower()
        raise ConflictError(f"This {kind} is {label}; from there it cannot become {to.label}.")
    won = (
        type(row)
        ._default_manager.filter(pk=row.pk, status=came_from, **(where or {}))
        .update(status=to, **changes)
    )
    if not won:
        raise StaleStateError(f"Somebody else has just changed this {kind}. Reload to see it.")
    row.refresh_from_db()
    if audited:
        audit.record(
            subject=row.ref,
            subject_name=str(row),
            verb=to.value,
            by=by,
            scope=row.scope,
            before={"status": came_from},
            after={"status": to.value},
            note=note,
        )
