"""The lives of a job, of one Azure operation in it, and of a resource.

job:       queued ◄─► working ─► done | stuck | refused;  stuck ─► queued
           queued | working | stuck ─► cancelled
resource:  live ─► retiring ─► retired
"""

from apps.kernel.states import Status


class JobStatus(Status):
    """Where a piece of work stands; refused means: permanent, back to the requester."""

    QUEUED = "queued", "off", "Queued"
    WORKING = "working", "run", "Working"
    DONE = "done", "good", "Done"
    STUCK = "stuck", "bad", "Stuck"
    REFUSED = "refused", "bad", "Refused"
    CANCELLED = "cancelled", "off", "Given up"


class ResourceStatus(Status):
    """What became of something built."""

    LIVE = "live", "good", "Live"
    RETIRING = "retiring", "warn", "Retiring"
    RETIRED = "retired", "off", "Retired"


J = JobStatus
JOB_TRANSITIONS = {
    J.QUEUED: {J.WORKING, J.CANCELLED},
    J.WORKING: {J.QUEUED, J.DONE, J.STUCK, J.REFUSED, J.CANCELLED},
    J.STUCK: {J.QUEUED, J.CANCELLED},
}
R = ResourceStatus
RESOURCE_TRANSITIONS = {R.LIVE: {R.RETIRING}, R.RETIRING: {R.RETIRED, R.LIVE}}
