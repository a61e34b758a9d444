"""What policies say: the words, the document that says them, and the plan that follows.

Pure: texts and facts go in, steps and sentences come out; no rows, no clock.
"""

from apps.approvals.rules.document import read
from apps.approvals.rules.fields import FIELDS, Field, Type
from apps.approvals.rules.lines import PolicyError, Problem
from apps.approvals.rules.planning import plan, unsettled
from apps.approvals.rules.policies import UNMATCHED, Asks, Policies, Rule
from apps.approvals.rules.sayings import does, who
from apps.approvals.rules.words import ALL, Denied, Fact, Facts, Hit, Needed, Plan, Who

__all__ = [
    "ALL",
    "FIELDS",
    "UNMATCHED",
    "Asks",
    "Denied",
    "Fact",
    "Facts",
    "Field",
    "Hit",
    "Needed",
    "Plan",
    "Policies",
    "PolicyError",
    "Problem",
    "Rule",
    "Type",
    "Who",
    "does",
    "plan",
    "read",
    "unsettled",
    "who",
]
