"""Keep presets: answers of a request under a name, for everybody or for its team."""

from django.db import transaction
from django.utils import timezone

from apps.kernel import audit
from apps.kernel.errors import ConflictError, InvalidError, NotAllowedError
from apps.requests.models import Preset, ResourceRequest
from apps.requests.selectors import data_of, kind_named, may_keep_presets
from apps.requests.services.rows import present, written
from apps.teams.models import Person, Team

MISSING = "Give it a name that says what it is for, such as “Chat in the EU, small”."


@transaction.atomic
def save_preset(
    *, request: ResourceRequest, name: str, for_all: bool = False, by: Person
) -> Preset:
    """Keep a request's answers under a name; a preset that has it already is replaced.

    The workload is left out: whoever starts from it chooses their own.
    """
    team = None if for_all else request.team
    by = _keeper(by, team)
    kind = kind_named(request.kind)
    made, new = Preset.objects.update_or_create(
        kind=kind.slug,
        team=team,
        name=_name(name),
        defaults={
            "payload": {k: v for k, v in data_of(request).items() if k != "workload"},
            "payload_version": kind.payload_version,
            "made_by": by,
            "changed_at": timezone.now(),
        },
    )
    _record(made, "preset kept" if new else "preset replaced", by, request.number)
    return made


@transaction.atomic
def rename_preset(*, preset: Preset, name: str, by: Person) -> Preset:
    """Give a preset another name that none of the same people has."""
    row = Preset.objects.select_for_update(of=("self",)).select_related("team").get(pk=preset.pk)
    by, old, new = _keeper(by, row.team), row.name, _name(name)
    same = Preset.objects.filter(kind=row.kind, team=row.team, name=new).exclude(pk=row.pk)
    if same.exists():
        raise ConflictError(f"There is a preset “{new}” already. Choose another name.")
    row.name, row.changed_at = new, timezone.now()
    row.save(update_fields=["name", "changed_at"])
    _record(row, "preset renamed", by, f"It was “{old}”.")
    return row


@transaction.atomic
def delete_preset(*, preset: Preset, by: Person) -> None:
    """Delete a preset; requests that were started from it stay as they are."""
    by = _keeper(by, preset.team)
    _record(preset, "preset deleted", by, "")
    preset.delete()


def _keeper(by: Person, team: Team | None) -> Person:
    by = present(by)
    if not may_keep_presets(by, team):
        who = f"the lead of {team}" if team else "a platform admin"
        raise NotAllowedError(f"Only {who} keeps these presets.")
    return by


def _name(text: str) -> str:
    name = " ".join(written(text, field="name", missing=MISSING).split())
    if len(name) > 60:
        sentence = "At most 60 characters fit here. Say it shorter."
        raise InvalidError(sentence, {"name": sentence})
    return name


def _record(preset: Preset, verb: str, by: Person, note: str) -> None:
    audit.record(
        subject=preset.ref,
        subject_name=preset.name,
        verb=verb,
        by=by,
        scope=preset.scope,
        note=note,
    )
