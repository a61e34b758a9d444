"""What deciding adds to other pages: buttons, steps of the timeline, rules, offers, home."""

from apps.approvals.panels.decide import actions, choices, offer
from apps.approvals.panels.home import home_figures, needs_me
from apps.approvals.panels.rules import others, rules, who_decides
from apps.approvals.panels.timeline import timeline

__all__ = [
    "actions",
    "choices",
    "home_figures",
    "needs_me",
    "offer",
    "others",
    "rules",
    "timeline",
    "who_decides",
]
