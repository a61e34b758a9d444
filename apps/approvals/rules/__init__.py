"""What policies say: the words, and the steps that follow."""

from apps.approvals.rules.today import Needed, steps

__all__ = ["Needed", "steps"]
