"""What was used: the questions of pages, API and files, and the checks of the numbers."""

from apps.usage.selectors.calls import (
    Asked,
    calls_iterator,
    calls_page,
    calls_visible,
    names_of,
)
from apps.usage.selectors.checks import differences, span
from apps.usage.selectors.cube import Cube, cube_of, last_hour, requests_by_hour
from apps.usage.selectors.health import Health, batches_page, health_for, late
from apps.usage.selectors.home import (
    Busiest,
    Change,
    OwnUsage,
    busiest_hours,
    changes,
    own_usage,
    this_month,
    waits_of_day,
)
from apps.usage.selectors.minutes import Load, Minute, limit_tpm, load, load_of, minutes
from apps.usage.selectors.percentiles import (
    Percentiles,
    Waits,
    percentiles_by_weekday_hour,
    percentiles_of_groups,
    percentiles_of_total,
    percentiles_over_time,
    percentiles_with_total,
    waits,
    waits_of_groups,
)
from apps.usage.selectors.period import PERIODS, Period, read_period
from apps.usage.selectors.questions import (
    Answer,
    Group,
    Question,
    Series,
    as_of,
    ask,
    ask_everything,
    over_time,
)
from apps.usage.selectors.saved_views import saved_views
from apps.usage.selectors.scope import Named, Scope, names, read_filters, scope_for
from apps.usage.selectors.sums import Sums, added

__all__ = [
    "PERIODS",
    "Answer",
    "Asked",
    "Busiest",
    "Change",
    "Cube",
    "Group",
    "Health",
    "Load",
    "Minute",
    "Named",
    "OwnUsage",
    "Percentiles",
    "Period",
    "Question",
    "Scope",
    "Series",
    "Sums",
    "Waits",
    "added",
    "as_of",
    "ask",
    "ask_everything",
    "batches_page",
    "busiest_hours",
    "calls_iterator",
    "calls_page",
    "calls_visible",
    "changes",
    "cube_of",
    "differences",
    "health_for",
    "last_hour",
    "late",
    "limit_tpm",
    "load",
    "load_of",
    "minutes",
    "names",
    "names_of",
    "over_time",
    "own_usage",
    "percentiles_by_weekday_hour",
    "percentiles_of_groups",
    "percentiles_of_total",
    "percentiles_over_time",
    "percentiles_with_total",
    "read_filters",
    "read_period",
    "requests_by_hour",
    "saved_views",
    "scope_for",
    "span",
    "this_month",
    "waits",
    "waits_of_day",
    "waits_of_groups",
]
