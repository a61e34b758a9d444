"""LiteLLM's price map: token limits and task of a model, and a second opinion on prices.

Its prices never become ours: most of its keys do not say the deployment type, and Azure's own
rows exist. It is asked only whether it agrees, or names a price where Azure's rows name none.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

from apps.catalog.collectors import files
from apps.catalog.collectors.files import Row
from apps.catalog.collectors.retail import plain

TASKS = {
    "chat": "chat",
    "responses": "chat",
    "embedding": "embedding",
    "realtime": "realtime",
    "audio_speech": "speech",
    "audio_transcription": "transcription",
    "image_generation": "image",
    "video_generation": "video",
}
# By the name, where the map is silent or calls an audio model a chat model.
TASK_BY_NAME = (("gpt-audio", "audio"), ("audio-preview", "audio"), ("tts", "speech"))
FLAVOURS = {"none": "unnamed", "global": "global", "eu": "datazone EU", "us": "datazone US"}
TYPES = {"datazone EU": "DataZoneStandard", "datazone US": "DataZoneStandard"}
CLASSES = {
    "input": "input_usd_per_token",
    "cached_input": "cached_input_usd_per_token",
    "output": "output_usd_per_token",
}


class PriceMap:
    """The map's rows by model."""

    def __init__(self, directory: Path) -> None:
        self.rows = files.read(directory / "prices" / "litellm_azure_prices.csv")

    def about(self, model: str) -> list[Row]:
        """Return the rows of a model, dated spellings included."""
        name = re.compile(re.escape(model) + r"(-\d{4}-\d\d-\d\d)?")
        return [row for row in self.rows if name.fullmatch(row["model"])]

    def model_rows(self, models: Iterable[str]) -> Iterator[Row]:
        """Yield each model with the token limits that most of its rows agree on."""
        for model in models:
            rows = self.about(model)
            yield files.PRICE_MAP.stamp(
                {
                    "name": model,
                    "provider": "Microsoft" if model == "model-router" else "Azure OpenAI",
                    "format": "OpenAI",
                    "context_tokens": _usual(rows, "max_input_tokens"),
                    "max_output_tokens": _usual(rows, "max_output_tokens"),
                    "task": _task(model, _usual(rows, "mode")),
                }
            )

    def opinion_rows(self, models: Iterable[str], prices: list[Row]) -> Iterator[Row]:
        """Yield its prices that differ from Azure's, or stand where Azure's rows are silent.

        The unnamed flavour is compared with Global Standard, which most such rows equal.
        """
        ours: dict[tuple[str, str, str], set[str]] = {}
        for row in prices:
            key = row["model"], row["deployment_type"], row["token_class"]
            ours.setdefault(key, set()).add(row["usd_per_1m"])
        for model in models:
            if _task(model, _usual(self.about(model), "mode")) not in {"chat", "embedding"}:
                continue  # the map does not keep text, audio and image tokens apart
            for scope, rows in self._by_scope(model).items():
                for token_class, column in CLASSES.items():
                    said = _usual(rows, column)
                    if not said:
                        continue
                    price = plain(Decimal(said) * 1_000_000)
                    kind = TYPES.get(scope, "GlobalStandard")
                    azure = ours.get((model, kind, token_class), set())
                    if price == "0" or price in azure:
                        continue
                    yield files.PRICE_MAP.stamp(
                        {
                            "model": model,
                            "scope": scope,
                            "token_class": token_class,
                            "usd_per_1m": price,
                            "verdict": "differs" if azure else "azure silent",
                        }
                    )

    def _by_scope(self, model: str) -> dict[str, list[Row]]:
        scopes: dict[str, list[Row]] = {}
        for row in self.about(model):
            if row["flavour"] in FLAVOURS:
                scopes.setdefault(FLAVOURS[row["flavour"]], []).append(row)
        return scopes


def _usual(rows: list[Row], column: str) -> str:
    counts = Counter(row[column] for row in rows if row[column])
    return max(counts, key=lambda value: (counts[value], value)) if counts else ""


def _task(model: str, mode: str) -> str:
    by_name = next((task for part, task in TASK_BY_NAME if part in model), "")
    return by_name or TASKS.get(mode, "chat")
