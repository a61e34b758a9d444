"""Notices as their person sees them, whom an event concerns, and what is sent."""

from apps.notices.selectors.bell import (
    MOST_COUNTED,
    Modes,
    digest_times,
    notice_for,
    notices_of,
    page_of,
    preferences_of,
    topics_for,
    unread_count,
)
from apps.notices.selectors.concerned import Facts, channels_told, facts_of, people_told
from apps.notices.selectors.sent import (
    TABS,
    Backlog,
    backlog_for,
    channels_of,
    deliveries_page,
    delivery_for,
    letter_of,
    tab_counts,
    units,
)

__all__ = [
    "MOST_COUNTED",
    "TABS",
    "Backlog",
    "Facts",
    "Modes",
    "backlog_for",
    "channels_of",
    "channels_told",
    "deliveries_page",
    "delivery_for",
    "digest_times",
    "facts_of",
    "letter_of",
    "notice_for",
    "notices_of",
    "page_of",
    "people_told",
    "preferences_of",
    "tab_counts",
    "topics_for",
    "units",
    "unread_count",
]
