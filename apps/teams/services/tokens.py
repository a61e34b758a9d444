"""Make and end API tokens: shown once, stored as a hash."""

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from apps.kernel import audit, formats
from apps.kernel.errors import ConflictError, InvalidError, NotFoundError
from apps.teams.models import ApiToken, Person

MOST_DAYS = 365
MOST_LETTERS = 60
MOST_TOKENS = 20
USED_EVERY = timedelta(minutes=1)


@transaction.atomic
def make_token(*, name: str, days: int, reads_only: bool, by: Person) -> tuple[ApiToken, str]:
    """Make a token for oneself; returns its row and the token, which nobody can read again."""
    Person.objects.select_for_update(no_key=True).get(pk=by.pk)  # so that two count each other
    name = " ".join(name.split())
    live = ApiToken.objects.filter(person=by, ended_at=None)
    if errors := _problems(name, days, taken=live.filter(name=name).exists()):
        raise InvalidError(" ".join(errors.values()), errors)
    if live.filter(expires_at__gt=timezone.now()).count() >= MOST_TOKENS:
        raise ConflictError(f"You have {MOST_TOKENS} tokens, the most there may be. End one first.")
    prefix = f"aip_{secrets.token_hex(4)}"
    token = f"{prefix}_{secrets.token_urlsafe(32)}"
    row = ApiToken.objects.create(
        person=by,
        name=name,
        prefix=prefix,
        sha256=digest(token),
        reads_only=reads_only,
        expires_at=timezone.now() + timedelta(days=days),
    )
    _record(row, "made an API token", by)
    return row, token


@transaction.atomic
def end_token(*, pk: int, by: Person) -> ApiToken:
    """End one of one's own tokens at once; ending it again changes nothing."""
    row = ApiToken.objects.select_for_update().filter(pk=pk, person=by).first()
    if row is None:
        raise NotFoundError
    if row.ended_at is None:
        row.ended_at = timezone.now()
        row.save(update_fields=["ended_at"])
        _record(row, "ended an API token", by)
    return row


def holder_of(token: str) -> ApiToken | None:
    """Return the live token of an active person, and note its use once a minute."""
    now = timezone.now()
    row = (
        ApiToken.objects.filter(sha256=digest(token), ended_at=None, expires_at__gt=now)
        .filter(person__is_active=True)
        .select_related("person")
        .first()
    )
    if row and (row.used_at is None or now - row.used_at > USED_EVERY):
        ApiToken.objects.filter(pk=row.pk).update(used_at=now)
    return row


def digest(token: str) -> str:
    """Return the SHA-256 of a token: 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def _problems(name: str, days: int, *, taken: bool) -> dict[str, str]:
    errors = {}
    if not name or len(name) > MOST_LETTERS:
        errors["name"] = "Name it by what will use it, in at most 60 characters."
    elif taken:
        errors["name"] = f"You have a token named “{name}” already. Choose another name, or end it."
    if not 1 <= days <= MOST_DAYS:
        errors["days"] = f"A token lasts from 1 to {formats.number(MOST_DAYS)} days."
    return errors


def _record(row: ApiToken, verb: str, by: Person) -> None:
    audit.record(
        subject=row.ref,
        subject_name=str(row),
        verb=verb,
        after={"reads_only": row.reads_only, "expires_at": row.expires_at.isoformat()},
        by=by,
    )
