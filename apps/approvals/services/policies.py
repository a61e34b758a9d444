"""Change the approval policies: check a document, put it in force."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.models import Max

from apps.approvals.models import PolicyVersion
from apps.approvals.rules import PolicyError, Problem, read
from apps.approvals.selectors import versions
from apps.kernel import formats
from apps.kernel.audit import record
from apps.kernel.errors import ConflictError, InvalidError, NotAllowedError, StaleStateError
from apps.teams.models import Person
from apps.teams.roles import Action
from apps.teams.services import require

SHORTEST_NOTE, LONGEST_NOTE = 10, 300


def require_reader(person: Person) -> None:
    """Let somebody read the policies who edits them, decides by them or audits, or say who may."""
    if not versions.may_read(person):
        raise NotAllowedError(
            "Only those who decide, audit or edit them read the approval policies. "
            "The request form tells everybody who decides."
        )


def require_editor(person: Person) -> None:
    """Let a platform admin write policies, or say who may."""
    require(person, Action.POLICY_EDIT, None)


def check(text: str) -> Sequence[Problem]:
    """List what keeps a document from being put in force: its rules, or people who are not here."""
    try:
        read(text, people=versions.addresses(), values=versions.values())
    except PolicyError as error:
        return error.problems
    return ()


@transaction.atomic
def put_in_force(*, text: str, note: str, seen: int, by: Person) -> PolicyVersion:
    """Make a document the policies in force, as a new version; what was submitted keeps its steps.

    `seen` is the number of the version that the editor compared with: somebody else's version in
    between raises StaleStateError, as it does for the second of two at the same moment. Raises
    InvalidError with the problems of the text, or for a note that says too little.
    """
    require_editor(by)
    text, note = versions.tidy(text), " ".join(note.split())
    if problems := check(text):
        sentence = f"Line {problems[0].line}: {problems[0].sentence}"
        raise InvalidError("This document cannot be put in force.", {"text": sentence})
    if not SHORTEST_NOTE <= len(note) <= LONGEST_NOTE:
        sentence = f"Say in {SHORTEST_NOTE} to {LONGEST_NOTE} characters what changes and why."
        raise InvalidError("The note is missing or too long.", {"note": sentence})
    list(PolicyVersion.objects.select_for_update().filter(active=True))
    before = versions.version_in_force()
    if before.number != seen:
        raise StaleStateError(_overtaken(before))
    if before.text == text:
        raise ConflictError("Nothing differs from the policies in force; there is nothing to do.")
    # Only the one that was compared with: another that came in between keeps its place.
    PolicyVersion.objects.filter(pk=before.pk).update(active=False)
    version = _add(text, note, by)
    record(
        subject=version.ref,
        subject_name=str(version),
        verb="put the approval policies in force",
        before={"version": before.number},
        after={"version": version.number},
        note=note,
        by=by,
    )
    return version


def _add(text: str, note: str, by: Person) -> PolicyVersion:
    latest = PolicyVersion.objects.aggregate(number=Max("number"))["number"] or 0
    try:
        return PolicyVersion.objects.create(
            number=latest + 1, text=text, note=note, made_by=by, active=True
        )
    except IntegrityError:  # the first version of all: there was no row to lock
        raise StaleStateError(
            "Somebody put another version in force at the same moment. Compare yours with it."
        ) from None


def _overtaken(version: PolicyVersion) -> str:
    if not version.number:
        return "The document that the portal comes with is in force. Compare yours with it."
    who = version.made_by.name if version.made_by else "The portal"
    return (
        f"{who} put version {version.number} in force {formats.moment(version.made_at)} UTC, "
        "after you opened the text. Compare yours with it."
    )
