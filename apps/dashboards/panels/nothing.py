"""What a dashboard says where there is nothing to show, and what to do next."""

from django.urls import reverse

from apps.dashboards.panels.asked import Asked, Context
from apps.kernel import formats
from apps.usage import selectors as usage
from apps.usage.states import Dimension

NEVER = (
    "Calls appear here about a minute after the first one is answered. "
    "Ask for a deployment, or call one that you have."
)


def nothing(asked: Asked, cube: usage.Cube, page: str) -> Context | None:
    """Say why there is nothing; None where there are calls."""
    answer = cube.answer()
    if answer.total.requests:
        return None
    if asked.where and cube.cells:
        return {
            "title": "Nothing matches these filters",
            "text": f"There are calls in {asked.period.label}, but none that fit all of them.",
            "url": asked.address(reverse(page), **{one.value: "" for one in Dimension}),
            "label": "Take all filters away",
        }
    last = usage.last_hour(asked.viewer)
    if last is None:
        url = reverse("resources")
        return {"title": "No usage yet", "text": NEVER, "url": url, "label": "Deployments"}
    month = f"{last:%Y-%m}"
    return {
        "title": "No calls in this period",
        "text": f"Nothing was called in {asked.period.label}. "
        f"The last calls came on {formats.day(last.date())}.",
        "url": asked.address(reverse(page), period="month", month=month, **_ANY),
        "label": f"Show {formats.MONTHS[last.month - 1]} {last.year}",
    }


_ANY = dict.fromkeys(("from", "to", "grain"), "")
