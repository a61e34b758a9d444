"""The page about latency: how long people wait, when, on which deployment, how fast it writes."""

from apps.dashboards.panels.latency.files import file
from apps.dashboards.panels.latency.page import page

__all__ = ["file", "page"]
