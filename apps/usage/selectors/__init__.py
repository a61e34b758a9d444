"""What was used: the questions of pages, API and files, and the checks of the numbers."""

from apps.usage.selectors.checks import differences, late, span

__all__ = ["differences", "late", "span"]
