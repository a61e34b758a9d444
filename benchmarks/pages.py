"""Measure how long the server takes for a page, with ROWS drafts of one team in the database."""

import time
from statistics import quantiles

from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from apps.requests import services as requests
from portal.demo import payload, seed_organisation

HITS = 40


def run(rows: int | None) -> dict[str, float]:
    """Return the 95th percentile in milliseconds for each page, as alice sees it."""
    call_command("load_catalog")
    people = seed_organisation()
    for _ in range(rows or 200):
        requests.save_draft(
            kind="model_deployment", payload=payload("claims-triage"), by=people["alice"]
        )
    alice = Client(headers={"host": "127.0.0.1"})
    alice.force_login(people["alice"])
    pages = {
        "home": reverse("home"),
        "catalogue": reverse("catalogue"),
        "model": reverse("model", args=["gpt-5.1"]),
        "requests": reverse("requests"),
        "request_new": reverse("request_new", args=["model_deployment"]),
    }
    return {f"{name}_p95_ms": _p95_ms(alice, address) for name, address in pages.items()}


def _p95_ms(client: Client, address: str) -> float:
    taken = []
    for _ in range(HITS + 1):
        began = time.perf_counter()
        answer = client.get(address)
        taken.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{address} answered {answer.status_code}.")
    return quantiles(taken[1:], n=20)[-1]  # the first one fills caches
