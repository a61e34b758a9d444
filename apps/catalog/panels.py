"""The catalogue's answers to a search."""

from typing import Any

from django.urls import reverse
from django.utils import timezone

from apps.catalog import selectors

MOST_HITS = 8


def found_models(viewer: Any, *, query: str) -> dict[str, Any] | None:
    """Return the models whose name, task or provider contains every word of the query."""
    words = query.lower().split()
    today = timezone.now().date()
    hits = [
        {
            "title": model.name,
            "text": f"{model.task_label}, {model.provider}",
            "url": reverse("model", args=[model.name]),
            "status": selectors.life(model.name, today),
        }
        for model in selectors.models().values()
        if words and all(word in _text(model) for word in words)
    ]
    return {"title": "Models", "hits": hits[:MOST_HITS]} if hits else None


def _text(model: selectors.ModelFacts) -> str:
    return f"{model.name} {model.task_label} {model.provider}".lower()
