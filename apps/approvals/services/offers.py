"""Counter-offers: a yes to something else, which the team accepts with one click or declines."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import transaction

from apps.approvals.models import Offer
from apps.approvals.selectors import changes_of, holds, open_offer, review_offer, voices_held
from apps.approvals.services.clock import let_run
from apps.approvals.services.steps import end_offer
from apps.approvals.services.votes import ready, reason_of
from apps.approvals.states import OfferStatus
from apps.kernel import formats
from apps.kernel.errors import ConflictError, InvalidError, NotAllowedError, PortalError
from apps.requests import selectors as asks
from apps.requests import services as requests
from apps.requests.models import ResourceRequest
from apps.teams import selectors as teams
from apps.teams.models import Person


@transaction.atomic
def make_offer(
    *,
    request: ResourceRequest,
    changes: Mapping[str, Any],
    until_on: date | None = None,
    note: str,
    step: int | None = None,
    by: Person,
) -> Offer:
    """Say yes to something else than what was asked for; the clock stands still until it is heard.

    `changes` maps fields of the payload that the kind lets be offered to what is offered, as
    typed; `until_on` is the last day. Accepting it is rehearsed and undone at once, so that only
    what would pass now is offered.
    """
    row, at, voice = ready(request, step, by)
    note = reason_of(note)
    if not note:
        sentence = f"Write why; {row.requester.name} reads it."
        raise InvalidError(sentence, {"note": sentence})
    changes = _changed(row, changes)
    _refuse_empty(changes, until_on)
    offer = Offer.objects.create(
        request=row,
        step=at,
        made_by=by,
        voice=voice,
        changes=changes,
        until_on=until_on,
        note=note,
    )
    requests.ask_for_information(request=row, body=_said(row, offer), by=by)
    _rehearse(offer)
    return offer


@transaction.atomic
def accept_offer(*, request: ResourceRequest, by: Person) -> ResourceRequest:
    """Take what was offered: change the request, give its capacity back, and submit it anew.

    All of it or nothing, as long as its last day lies ahead. The step at which it was offered is
    approved by whoever offered it; other steps keep their yeses where nothing that they look at
    has changed.
    """
    row = requests.locked(request.pk)
    by = requests.present(by)
    offer = _open(row)
    if by.pk in (offer.made_by_id, offer.voice_id):
        raise NotAllowedError(f"You made this offer. Somebody else of {row.team} accepts it.")
    if offer.until_on and offer.until_on <= teams.today():
        raise ConflictError(
            f"The last day of this offer, {formats.day(offer.until_on)}, is over or is today. "
            "Decline it, and say until when you need it."
        )
    return _accept(row, offer, by)


@transaction.atomic
def decline_offer(*, request: ResourceRequest, reason: str, by: Person) -> ResourceRequest:
    """Decline what was offered, with a reason; the request as it was is in review again."""
    row = requests.locked(request.pk)
    offer = _open(row)
    end_offer(offer, OfferStatus.DECLINED, note=reason_of(reason), by=by)
    requests.answer(request=row, body=reason_of(reason), by=by)
    row.refresh_from_db()
    return row


@transaction.atomic
def take_back_offer(*, request: ResourceRequest, reason: str = "", by: Person) -> ResourceRequest:
    """Take an offer back: whoever made it, for whom it was made, or who decides at that step."""
    row = requests.locked(request.pk)
    by = requests.present(by)
    offer = _open(row)
    mine = by.pk in (offer.made_by_id, offer.voice_id)
    if not mine and not any(holds(voice, offer.step, row) for voice in voices_held(by)):
        raise NotAllowedError(f"Only {offer.made_by.name} and who decides there may take it back.")
    reason = reason_of(reason)
    end_offer(offer, OfferStatus.TAKEN_BACK, note=reason, by=by)
    body = f"The offer is taken back. {reason}".strip()
    requests.take_question_back(request=row, body=body, by=by)
    let_run(row.pk)
    row.refresh_from_db()
    return row


def _open(row: ResourceRequest) -> Offer:
    offer = open_offer(row)
    if offer is None:
        raise ConflictError(f"No offer is open on {row.number}. Reload to see where it stands.")
    return offer


def _accept(row: ResourceRequest, offer: Offer, by: Person) -> ResourceRequest:
    payload = {**asks.payload_of(row).data, **offer.changes}
    end_offer(offer, OfferStatus.ACCEPTED, by=by)
    reason = f"Accepted the offer of {offer.made_by.name}"
    requests.change_request(request=row, reason=reason, by=by)
    draft = requests.save_draft(kind=row.kind, payload=payload, request=row, by=by)
    return requests.submit_request(request=draft, by=by)


def _rehearse(offer: Offer) -> None:
    """Accept an offer as its requester would, and undo it: refuse one that would not pass now."""
    row = requests.locked(offer.request_id)
    try:
        with transaction.atomic():
            _accept(row, Offer.objects.get(pk=offer.pk), requests.present(row.requester))
            transaction.set_rollback(True)
    except PortalError as refused:
        fields = refused.fields if isinstance(refused, InvalidError) else {}
        raise InvalidError(f"This would not pass now. {refused.message}", fields) from refused


def _changed(row: ResourceRequest, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the fields that differ; refuse those that are not offered otherwise."""
    kind = asks.kind_named(row.kind)
    if unknown := sorted(set(changes) - set(kind.offers)):
        known = ", ".join(kind.offers) or "only a last day"
        sentence = f"“{unknown[0][:60]}” cannot be offered otherwise; what can: {known}."
        raise InvalidError(sentence, dict.fromkeys(unknown[:20], sentence))
    changes = requests.storable(kind, changes)
    found = review_offer(row, changes, requests.present(row.requester))
    understood = {name: found.payload.data.get(name, typed) for name, typed in changes.items()}
    return {name: one for name, one in understood.items() if one != row.payload.get(name)}


def _refuse_empty(changes: Mapping[str, Any], until_on: date | None) -> None:
    if not changes and until_on is None:
        sentence = "This is what was asked for. Change something, or approve it as it is."
        raise InvalidError(sentence, {})
    if until_on is not None and until_on <= teams.today():
        sentence = "The last day is over, or is today. Choose a later one."
        raise InvalidError(sentence, {"until_on": sentence})


def _said(row: ResourceRequest, offer: Offer) -> str:
    """Write an offer as the conversation keeps it."""
    found = review_offer(row, offer.changes, row.requester)
    parts = [
        f"{one.path}: {one.after} instead of {one.before}" if one.before else f"Until {one.after}"
        for one in changes_of(row, found, offer.until_on)
    ]
    return f"Offer: {'; '.join(parts)}. {offer.note}"
