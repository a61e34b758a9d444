"""Structured logs: JSON lines with the correlation id of the act that wrote them."""

from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any

import structlog

correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")


def _add_correlation(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    if value := correlation_id.get():
        event["correlation_id"] = value
    return event


PROCESSORS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    _add_correlation,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]


def logging_at(level: str) -> dict[str, Any]:
    """Return Django's LOGGING: every line is JSON, and chatty libraries keep quiet."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": "structlog.stdlib.ProcessorFormatter",
                "processor": structlog.processors.JSONRenderer(),
                "foreign_pre_chain": PROCESSORS,
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "azure": {"level": "WARNING"},
            "urllib3": {"level": "WARNING"},  # at DEBUG it logs addresses with signed tokens
            "django.request": {"level": "ERROR"},
            # Two lines for every task, and the rollup of usage runs each second.
            "celery.app.trace": {"level": "WARNING"},
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.beat": {"level": "WARNING"},
        },
    }


def configure() -> None:
    """Route structlog through the standard logging that settings.LOGGING sets up."""
    structlog.configure(
        processors=[*PROCESSORS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
