"""What runs by the clock: each may run twice or late without harm."""


def every(seconds: int, task: str) -> dict[str, object]:
    """Run `task` so often; one that finds no worker in that time is dropped for the next one."""
    return {"task": task, "schedule": float(seconds), "options": {"expire_seconds": seconds}}


SCHEDULE = {
    "keep-time-of-decisions": every(60, "apps.approvals.tasks.keep_time"),
    "sweep-jobs": every(15, "apps.provisioning.tasks.sweep"),
    "remind-of-endings": every(3_600, "apps.provisioning.tasks.remind"),
    "roll-usage": every(1, "apps.usage.tasks.roll"),
    "sketch-latency": every(5, "apps.usage.tasks.sketch"),
    "keep-usage-days": every(3_600, "apps.usage.tasks.keep_days"),
    "sync-capacity": every(600, "apps.capacity.tasks.sync_all"),
    "check-capacity": every(86_400, "apps.provisioning.tasks.check_capacity"),
    "send-notices": every(15, "apps.notices.tasks.send"),
    "forget-notices": every(3_600, "apps.notices.tasks.forget_old"),
    "forget-azure-calls": every(3_600, "apps.cloud.tasks.forget_calls"),
    "forget-sessions": every(3_600, "apps.teams.tasks.forget_sessions"),
}
