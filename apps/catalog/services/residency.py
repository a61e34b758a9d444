"""Edit the residency rules."""

import uuid

from django.db import transaction
from django.utils import timezone

from apps.catalog.models import CatalogState, ResidencyRule
from apps.catalog.selectors.snapshot import forget
from apps.kernel.audit import record
from apps.kernel.errors import InvalidError, NotFoundError
from apps.teams.models import Person
from apps.teams.roles import Action
from apps.teams.services import require


@transaction.atomic
def change_residency_rule(*, pk: int, allowed: bool, why: str, by: Person) -> ResidencyRule:
    """Allow or forbid a data class in a scope; the sentence is what people will read.

    Two admins at once: the row lock makes the second write over what the first one left, and the
    audit has both.
    """
    require(by, Action.CATALOG_EDIT, None)
    why = " ".join(why.split())
    if not 10 <= len(why) <= 300:
        raise InvalidError(
            "The reason is missing or too long.",
            {"why": "Say in 10 to 300 characters why; people who are refused read it."},
        )
    rule = ResidencyRule.objects.select_for_update().filter(pk=pk).first()
    if rule is None:
        raise NotFoundError
    before = {"allowed": rule.allowed, "why": rule.why}
    after = {"allowed": allowed, "why": why}
    if before == after:
        return rule
    now = timezone.now()
    rule.allowed, rule.why, rule.edited_at = allowed, why, now
    rule.source, rule.as_of = f"Edited by {by.display_name}", now.date()
    rule.save()
    CatalogState.objects.update(revision=uuid.uuid4())
    record(
        subject=rule.ref,
        subject_name=str(rule),
        verb="changed the residency rule",
        before=before,
        after=after,
        by=by,
    )
    forget()
    return rule
