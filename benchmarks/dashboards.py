"""Measure whether the dashboards stay as fast with ten times the calls, and what they ask.

`…_ten_to_one`: a page's median time with ROWS calls over 90 days ÷ with a tenth of them, in one
run. `…_queries`: how many it sends with all of them, with signing in.
"""

import time
from statistics import median

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from benchmarks.usage_data import load, make_company

ROWS = 1_000_000
HITS = 10
VIEWERS = ("alice", "petra", "fiona")  # a team's lead, who runs the platform, who pays
PAGES = ("home", "usage", "latency", "cost")


def run(rows: int | None) -> dict[str, float]:
    """Return for each page and viewer the ratio of times, and the number of queries."""
    rows = rows or ROWS
    company = make_company()
    clients = {}
    for viewer in VIEWERS:
        clients[viewer] = Client(headers={"host": "127.0.0.1"})
        clients[viewer].force_login(company.people[viewer])
    load(company, rows // 10)
    few = _medians(clients)
    load(company, rows - rows // 10, seed=1)
    many = _medians(clients)
    found = {f"{name}_ten_to_one": many[name] / few[name] for name in many}
    for page in PAGES:
        with CaptureQueriesContext(connection) as sent:
            _get(clients["petra"], page)
        found[f"{page}_queries"] = len(sent)
    return found


def _medians(clients: dict[str, Client]) -> dict[str, float]:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return {
        f"{page}_of_{viewer}": _median(client, page)
        for page in PAGES
        for viewer, client in clients.items()
    }


def _median(client: Client, page: str) -> float:
    _get(client, page)  # the first one fills caches
    return median(_get(client, page) for _ in range(HITS))


def _get(client: Client, page: str) -> float:
    began = time.perf_counter()
    answer = client.get(reverse(page))
    if answer.status_code != 200:
        raise RuntimeError(f"{page} answered {answer.status_code}.")
    return time.perf_counter() - began
