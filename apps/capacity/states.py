"""The lives of a hold and of a finding.

held ──► committed ──► built ──► released
  ├─────────┴──────────────────────┘
  └► expired

open ◄─► explained ──► adopted ──► gone
  └─────────┴────────────────────────┘
"""

from apps.kernel.states import Status, Transitions


class HoldStatus(Status):
    """What is promised out of a pool, and how firmly."""

    HELD = "held", "run", "Held"
    COMMITTED = "committed", "run", "Committed"
    BUILT = "built", "good", "Built"
    RELEASED = "released", "off", "Released"
    EXPIRED = "expired", "off", "Expired"


TRANSITIONS: Transitions = {
    HoldStatus.HELD: {HoldStatus.COMMITTED, HoldStatus.RELEASED, HoldStatus.EXPIRED},
    HoldStatus.COMMITTED: {HoldStatus.BUILT, HoldStatus.RELEASED},
    HoldStatus.BUILT: {HoldStatus.RELEASED},
}
LIVE = (HoldStatus.HELD, HoldStatus.COMMITTED, HoldStatus.BUILT)


class FindingStatus(Status):
    """What is known of use that the portal did not make."""

    OPEN = "open", "warn", "Not explained"
    EXPLAINED = "explained", "off", "Explained"
    ADOPTED = "adopted", "good", "Adopted"
    GONE = "gone", "off", "Gone"


F = FindingStatus
FINDING_TRANSITIONS: Transitions = {
    F.OPEN: {F.EXPLAINED, F.ADOPTED, F.GONE},
    F.EXPLAINED: {F.OPEN, F.ADOPTED, F.GONE},
    F.ADOPTED: {F.GONE},
}
FOUND = (F.OPEN, F.EXPLAINED)
