"""The approval policies of the demo company: in force since the day it began."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta

from django.db import transaction

from apps.approvals.models import PolicyVersion
from apps.kernel.models import AuditEntry
from apps.teams.models import Person
from portal.demo.data import HERE
from portal.demo.organisation import SINCE


@transaction.atomic
def seed_policies(people: Mapping[str, Person]) -> None:
    """Put the company's document in force, unless there is a version already."""
    if PolicyVersion.objects.exists():
        return
    by, at = people["petra"], datetime.combine(SINCE, time(9), UTC) + timedelta(days=6)
    version = PolicyVersion.objects.create(
        number=1,
        text=(HERE / "policies.yaml").read_text(encoding="utf-8"),
        note="Agreed with security and finance: who looks at what, and what is small enough.",
        made_by=by,
        made_at=at,
        active=True,
    )
    AuditEntry.objects.create(
        at=at,
        actor=by.ref,
        actor_name=by.name,
        verb="put the approval policies in force",
        subject=version.ref,
        subject_name=str(version),
        before={"version": 0},
        after={"version": 1},
        note=version.note,
    )
