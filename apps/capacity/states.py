"""The life of a hold.

held ──► committed ──► built ──► released
  └─────────┴──────────────────────┘
"""

from apps.kernel.states import Status, Transitions


class HoldStatus(Status):
    """What is promised out of a pool, and how firmly."""

    HELD = "held", "run", "Held"
    COMMITTED = "committed", "run", "Committed"
    BUILT = "built", "good", "Built"
    RELEASED = "released", "off", "Released"


TRANSITIONS: Transitions = {
    HoldStatus.HELD: {HoldStatus.COMMITTED, HoldStatus.RELEASED},
    HoldStatus.COMMITTED: {HoldStatus.BUILT, HoldStatus.RELEASED},
    HoldStatus.BUILT: {HoldStatus.RELEASED},
}
LIVE = (HoldStatus.HELD, HoldStatus.COMMITTED, HoldStatus.BUILT)
