"""Who decides on what, and where each request stands with them."""

from apps.approvals.selectors.inbox import (
    TABS,
    InboxRow,
    decided_by,
    inbox,
    inbox_count,
    inbox_page,
    longest_waiting,
    pace,
    rows_of,
    tab_counts,
    units_of,
)
from apps.approvals.selectors.steps import (
    Say,
    current_steps,
    needed_steps,
    next_actors,
    open_step,
    others_of_team,
    say_of,
    waiting_steps,
)
from apps.approvals.selectors.versions import may_read as may_read_policies

__all__ = [
    "TABS",
    "InboxRow",
    "Say",
    "current_steps",
    "decided_by",
    "inbox",
    "inbox_count",
    "inbox_page",
    "longest_waiting",
    "may_read_policies",
    "needed_steps",
    "next_actors",
    "open_step",
    "others_of_team",
    "pace",
    "rows_of",
    "say_of",
    "tab_counts",
    "units_of",
    "waiting_steps",
]
