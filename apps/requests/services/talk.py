"""What people say about a request; a question stops the clock until it is answered."""

from django.db import transaction
from django.utils import timezone

from apps.kernel import states
from apps.kernel.errors import ConflictError, NotAllowedError
from apps.kernel.events import tell
from apps.requests.events import QuestionAnswered, QuestionAsked
from apps.requests.models import Message, ResourceRequest
from apps.requests.selectors import may_answer, may_decide, reads_internal
from apps.requests.services.rows import locked, present, written
from apps.requests.states import RequestStatus
from apps.teams import services as teams
from apps.teams.models import Person
from apps.teams.roles import Action


@transaction.atomic
def say(
    *,
    request: ResourceRequest,
    body: str,
    kind: str = Message.Kind.NOTE,
    internal: bool = False,
    by: Person,
) -> Message:
    """Add a note; an internal one is read and written by those who decide only."""
    row, by = locked(request.pk), present(by)
    if row.submitted_at is None:
        raise ConflictError(f"Nobody reads a draft. Submit {row.number}, then write.")
    decides = may_decide(by, row)
    if internal and not reads_internal(by, row):
        raise NotAllowedError("Only those who decide write notes for approvers.")
    if not decides:
        teams.require(by, Action.REQUEST_CREATE, row.team)
    body = written(body, field="body", missing="Write a sentence, then send it.")
    ResourceRequest.objects.filter(pk=row.pk).update(changed_at=timezone.now())
    return Message.objects.create(request=row, author=by, kind=kind, body=body, internal=internal)


@transaction.atomic
def ask_for_information(*, request: ResourceRequest, body: str, by: Person) -> Message:
    """Ask the team something; the request waits for their answer."""
    row, by = locked(request.pk), present(by)
    if row.status != RequestStatus.IN_REVIEW:
        raise ConflictError(
            f"{row.number} is {row.state.label.lower()}; a question can be asked in review only."
        )
    if not may_decide(by, row):
        raise NotAllowedError("Only those who decide may ask. Write a note instead.")
    question = say(request=row, body=body, kind=Message.Kind.QUESTION, by=by)
    states.move(row, to=RequestStatus.NEEDS_INFO, by=by, changed_at=timezone.now())
    tell(QuestionAsked(row.pk, message_id=question.pk))
    return question


@transaction.atomic
def answer(*, request: ResourceRequest, body: str, by: Person) -> Message:
    """Answer the open question; the request is in review again."""
    row = locked(request.pk)
    if row.status != RequestStatus.NEEDS_INFO:
        raise ConflictError(f"No question is open on {row.number}. Write a note instead.")
    if not may_answer(by, row):
        raise NotAllowedError(f"Only somebody who may ask for {row.team} may answer.")
    message = say(request=row, body=body, kind=Message.Kind.ANSWER, by=by)
    states.move(row, to=RequestStatus.IN_REVIEW, by=by, changed_at=timezone.now())
    tell(QuestionAnswered(row.pk, message_id=message.pk))
    return message


@transaction.atomic
def take_question_back(*, request: ResourceRequest, body: str, by: Person) -> Message:
    """End the open question without an answer, for those who decide; `body` tells the team.

    The caller lets the clock run again: nobody is told of an answer.
    """
    row, by = locked(request.pk), present(by)
    if row.status != RequestStatus.NEEDS_INFO:
        raise ConflictError(f"No question is open on {row.number}.")
    if not may_decide(by, row):
        raise NotAllowedError("Only those who decide may take a question back.")
    message = say(request=row, body=body, by=by)
    states.move(row, to=RequestStatus.IN_REVIEW, by=by, changed_at=timezone.now())
    return message
