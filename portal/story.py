"""Who may refuse, who listens: the first file to read.

A team makes a request; capacity may refuse; people say yes; a job builds it; access opens.
"""

from apps.access import services as access
from apps.approvals import services as approvals
from apps.capacity import services as capacity
from apps.kernel.events import guard, on
from apps.notices import services as notices
from apps.notices.rules import TOLD
from apps.provisioning import services as provisioning
from apps.provisioning import tasks as workers
from apps.provisioning.events import (
    JobDone,
    JobQueued,
    JobRefused,
    JobStarted,
    JobStuck,
    ResourceExpired,
    ResourceExpiring,
    ResourceRestored,
    ResourceRetired,
    ResourceRetiring,
)
from apps.requests import services as requests
from apps.requests.events import (
    QuestionAnswered,
    QuestionAsked,
    RequestApproved,
    RequestExpired,
    RequestFailed,
    RequestRejected,
    RequestReturned,
    RequestSubmitted,
    RequestTakenBack,
    RequestWithdrawn,
)
from apps.teams.events import TeamMoved

guard(
    RequestSubmitted,
    provisioning.require_present,
    approvals.refuse_denied,
    capacity.hold,
)
on(RequestSubmitted, approvals.open_steps, provisioning.queue_what_if)
on(RequestApproved, capacity.commit, provisioning.carry_out)
on(RequestRejected, approvals.close_steps, capacity.release)
on(RequestWithdrawn, approvals.close_steps, capacity.release)
on(RequestExpired, approvals.close_steps, capacity.expire)
on(RequestReturned, approvals.close_steps, capacity.release)
on(RequestTakenBack, approvals.close_steps, capacity.release)
on(RequestFailed, capacity.release)
on(QuestionAsked, approvals.stop_clock)
on(QuestionAnswered, approvals.resume_clock)

on(JobQueued, workers.nudge)  # after commit; the sweep finds the row if the nudge is lost
on(JobStarted, requests.mark_building)
on(JobDone, capacity.mark_built, requests.mark_fulfilled, access.open_grant, access.follow_change)
on(JobStuck, requests.mark_needs_help)
on(JobRefused, requests.return_to_requester)

on(ResourceExpiring, provisioning.note_ending)
on(ResourceExpired, provisioning.note_ending)
on(ResourceRetiring, access.close_grants)
on(ResourceRestored, access.reopen_grants)
on(ResourceRetired, access.end_grants, capacity.release)  # told only after the purge

guard(TeamMoved, capacity.refuse_move)
# Usage and cost before the move stay with the unit that had the team.
on(TeamMoved, access.follow_team, capacity.follow_team)

for event in TOLD:  # last, when all that follows has happened; who hears what: notices/rules.py
    on(event, notices.inform)
