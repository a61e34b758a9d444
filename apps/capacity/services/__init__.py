"""Promise capacity out of pools, and keep what was promised: the only code that locks a Pool.

Locks are taken in one order: the team, pools by id, holds by id. So two of them never wait for
each other. The pool of accounts of a region guards the region's accounts and what is placed there.
"""

from apps.capacity.services.allowances import refuse_move, set_allowance
from apps.capacity.services.commitments import follow_team
from apps.capacity.services.findings import adopt_finding, drop_finding, explain_finding
from apps.capacity.services.holds import (
    commit,
    expire,
    hold,
    keep_until,
    mark_built,
    release,
    take_over,
)
from apps.capacity.services.placing import place
from apps.capacity.services.sync import sync_all

__all__ = [
    "adopt_finding",
    "commit",
    "drop_finding",
    "expire",
    "explain_finding",
    "follow_team",
    "hold",
    "keep_until",
    "mark_built",
    "place",
    "refuse_move",
    "release",
    "set_allowance",
    "sync_all",
    "take_over",
]
