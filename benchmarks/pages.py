"""Measure whether pages stay as fast when a team has thousands of requests.

Each figure is a page's median time with ROWS drafts (2,000 unless told) ÷ with fifty (a full
page), in one run.
"""

import time
from statistics import median

from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from apps.requests import services as requests
from apps.teams.models import Person
from portal.demo import payload, seed_organisation

HITS = 30
FEW = 50


def run(rows: int | None) -> dict[str, float]:
    """Return, for each page, how many times longer it takes with many rows, as alice sees it."""
    call_command("load_catalog")
    alice = seed_organisation()["alice"]
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(alice)
    pages = {
        "home": reverse("home"),
        "requests": reverse("requests"),
        "drafts": f"{reverse('requests')}?tab=drafts",
        "search": f"{reverse('search')}?q=claims",
        "form": reverse("request_new", args=["model_deployment"]),
    }
    _fill(alice, FEW)
    few = {name: _median(client, address) for name, address in pages.items()}
    _fill(alice, (rows or 2000) - FEW)
    return {
        f"{name}_many_to_few": _median(client, address) / few[name]
        for name, address in pages.items()
    }


def _fill(person: Person, count: int) -> None:
    for _ in range(count):
        requests.save_draft(kind="model_deployment", payload=payload("claims-triage"), by=person)


def _median(client: Client, address: str) -> float:
    taken = []
    for _ in range(HITS + 1):
        began = time.perf_counter()
        answer = client.get(address)
        taken.append(time.perf_counter() - began)
        if answer.status_code != 200:
            raise RuntimeError(f"{address} answered {answer.status_code}.")
    return median(taken[1:])  # the first one fills caches
