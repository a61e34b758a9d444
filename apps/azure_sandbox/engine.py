"""The sandbox's clock: brings all work up to the present before a request is answered."""

from __future__ import annotations

from typing import Any

from apps.azure_sandbox import deployments, resources, stacks, tasks
from apps.azure_sandbox.sandbox import Sandbox

Json = dict[str, Any]


def advance(az: Sandbox) -> None:
    """Do what was due until now: tasks, what waited for them, and purges of old accounts."""
    for key in list(az.store.all("empty")):
        az.store.drop("empty", key)
        _deployment(az, key, az.now())
    tasks.advance(az, az.now(), _ended)
    resources.purge_expired(az, az.now())


def _ended(az: Sandbox, task: Json, at: float) -> None:
    if task["deployment"]:
        _deployment(az, task["deployment"], at)
    elif task["stack"]:
        stacks.on_delete_task(az, task, at)


def _deployment(az: Sandbox, key: str, at: float) -> None:
    entry = az.store.get("deployments", key)
    if entry is not None and deployments.on_task(az, entry, at) and entry["stack"]:
        stacks.on_deployment(az, entry, at)
