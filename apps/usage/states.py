"""The words of usage: what a source's rows count for, how calls fail, and what is asked by."""

from django.db import models


class Counts(models.IntegerChoices):
    """What a row counts for; evidence is compared with the bill and is in no total."""

    BILLING = 0, "Billing"
    EVIDENCE = 1, "Evidence"


class ErrorKind(models.IntegerChoices):
    """Why a call failed, as far as its source says."""

    THROTTLED = 1, "Throttled (429)"
    CONTENT_FILTER = 2, "Content filter"
    TIMEOUT = 3, "Time-out"
    CLIENT = 4, "Caller’s error (4xx)"
    SERVER = 5, "Azure’s error (5xx)"
    ABORTED = 6, "Caller hung up"


class Dimension(models.TextChoices):
    """What usage may be split and filtered by."""

    BU = "bu", "Business unit"
    TEAM = "team", "Team"
    WORKLOAD = "workload", "Workload"
    ENVIRONMENT = "environment", "Environment"
    DEPLOYMENT = "deployment", "Deployment"
    MODEL = "model", "Model"
    REGION = "region", "Region"


class Grain(models.TextChoices):
    """How wide a step of time is; all steps are UTC. `total` is the whole period at once."""

    MINUTE = "minute", "Minute"
    HOUR = "hour", "Hour"
    DAY = "day", "Day"
    MONTH = "month", "Month"
    TOTAL = "total", "Total"


class Metric(models.IntegerChoices):
    """What a latency sketch measures."""

    ANSWER = 0, "Whole answer"
    FIRST_TOKEN = 1, "First token"


class Punctual(models.TextChoices):
    """Whether background work ran through in its time."""

    ON_TIME = "on_time", "On time"
    LATE = "late", "Late"

    @property
    def tone(self) -> str:
        """The colour and icon of the status."""
        return "good" if self == Punctual.ON_TIME else "warn"
