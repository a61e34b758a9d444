"""Write requests: drafts, submit, what people say, and what becomes of them.

Every service locks the request's row before any other row, so two of them never wait for each
other in a circle.
"""

from apps.requests.services.acts import begin_act
from apps.requests.services.drafts import clone_request, require_asker, save_draft
from apps.requests.services.moves import (
    begin_review,
    change_request,
    mark_approved,
    mark_building,
    mark_expired,
    mark_failed,
    mark_fulfilled,
    mark_needs_help,
    mark_rejected,
    mark_undone,
    return_to_requester,
    withdraw_request,
)
from apps.requests.services.presets import delete_preset, rename_preset, save_preset
from apps.requests.services.rows import locked, present, storable
from apps.requests.services.submit import ask_act, save_and_submit, submit_request
from apps.requests.services.talk import answer, ask_for_information, say, take_question_back

__all__ = [
    "answer",
    "ask_act",
    "ask_for_information",
    "begin_act",
    "begin_review",
    "change_request",
    "clone_request",
    "delete_preset",
    "locked",
    "mark_approved",
    "mark_building",
    "mark_expired",
    "mark_failed",
    "mark_fulfilled",
    "mark_needs_help",
    "mark_rejected",
    "mark_undone",
    "present",
    "rename_preset",
    "require_asker",
    "return_to_requester",
    "save_and_submit",
    "save_draft",
    "save_preset",
    "say",
    "storable",
    "submit_request",
    "take_question_back",
    "withdraw_request",
]
