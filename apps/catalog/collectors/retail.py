"""Azure Retail Prices: raw meter rows to a price per model, deployment type and token class.

A meter's name is a shorthand ("GPT 5.1 cd inp Gl", "gpt 4.1 mini Batch Outp DZone"). It is read
word by word; what remains is the model's stem, looked up in a table. Nothing is guessed: a row
with an unknown unit, word or stem is refused with the reason, and the command counts those.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from apps.catalog.collectors import files
from apps.catalog.collectors.files import Row

SCOPES = {
    "": "glbl gl glb global",
    "DataZone": "dz dzn dzone",
    "Regional": "regnl rgnl regn regional",
}
DIRECTIONS = {"input": "inp inpt input", "output": "out outp outpt opt output"}
SCOPE_OF = {word: scope for scope, words in SCOPES.items() for word in words.split()}
DIRECTION_OF = {word: name for name, words in DIRECTIONS.items() for word in words.split()}
CACHED = {"cached", "cched", "cchd", "ccchd", "cd"}
TYPES = {
    ("", False): "GlobalStandard",
    ("DataZone", False): "DataZoneStandard",
    ("Regional", False): "Standard",
    ("", True): "GlobalBatch",
    ("DataZone", True): "DataZoneBatch",
}
# Words that mark a price of something else than a call to a deployed base model.
NOT_OFFERED = {
    "fine-tuning": {"ft", "rft", "training", "hosting", "hstng", "trng", "grader", "grdr"},
    "priority processing": {"pp", "prty"},
}
# What remains of the name → model, and what its tokens carry ("" for text).
STEMS = {
    "5.1 codex": ("gpt-5.1-codex", ""),
    "5.1 codex mini": ("gpt-5.1-codex-mini", ""),
    "codex mini": ("codex-mini", ""),
    "computer use": ("computer-use-preview", ""),
    "embedding ada": ("text-embedding-ada-002", ""),
    "gpt 4.1": ("gpt-4.1", ""),
    "gpt 4.1 mini": ("gpt-4.1-mini", ""),
    "gpt 4.1 nano": ("gpt-4.1-nano", ""),
    "gpt 4o": ("gpt-4o", ""),
    "gpt 4o mini": ("gpt-4o-mini", ""),
    "gpt 4o mini transcribe aud": ("gpt-4o-mini-transcribe", "audio"),
    "gpt 4o mini transcribe txt": ("gpt-4o-mini-transcribe", ""),
    "gpt 4o mini tts aud": ("gpt-4o-mini-tts", "audio"),
    "gpt 4o mini tts txt": ("gpt-4o-mini-tts", ""),
    "gpt 4o tcrb d aud": ("gpt-4o-transcribe-diarize", "audio"),
    "gpt 4o tcrb d txt": ("gpt-4o-transcribe-diarize", ""),
    "gpt 4o transcribe aud": ("gpt-4o-transcribe", "audio"),
    "gpt 4o transcribe txt": ("gpt-4o-transcribe", ""),
    "gpt 5 chat": ("gpt-5-chat", ""),
    "gpt 5 codex": ("gpt-5-codex", ""),
    "gpt 5 mini": ("gpt-5-mini", ""),
    "gpt 5 nano": ("gpt-5-nano", ""),
    "gpt 5 pro": ("gpt-5-pro", ""),
    "gpt 5 rsng": ("gpt-5", ""),
    "gpt 5.1": ("gpt-5.1", ""),
    "gpt 5.1 chat": ("gpt-5.1-chat", ""),
    "gpt aud": ("gpt-audio", "audio"),
    "gpt aud mini": ("gpt-audio-mini", "audio"),
    "gpt aud mini txt": ("gpt-audio-mini", ""),
    "gpt aud txt": ("gpt-audio", ""),
    "gpt image 1 img": ("gpt-image-1", "image"),
    "gpt image 1 txt": ("gpt-image-1", ""),
    "gpt img 1 mini img": ("gpt-image-1-mini", "image"),
    "gpt img 1 mini txt": ("gpt-image-1-mini", ""),
    "gpt rt aud": ("gpt-realtime", "audio"),
    "gpt rt aud mini": ("gpt-realtime-mini", "audio"),
    "gpt rt img": ("gpt-realtime", "image"),
    "gpt rt img mini": ("gpt-realtime-mini", "image"),
    "gpt rt txt": ("gpt-realtime", ""),
    "gpt rt txt mini": ("gpt-realtime-mini", ""),
    "o1": ("o1", ""),
    "o1 pro": ("o1-pro", ""),
    "o3": ("o3", ""),
    "o3 deep research": ("o3-deep-research", ""),
    "o3 mini": ("o3-mini", ""),
    "o3 pro": ("o3-pro", ""),
    "o4 mini": ("o4-mini", ""),
    "text embedding 3 large": ("text-embedding-3-large", ""),
    "text embedding 3 small": ("text-embedding-3-small", ""),
}
PTU_METERS = {
    "Provisioned Managed Global Unit": "GlobalProvisionedManaged",
    "Provisioned Managed Data Zone Unit": "DataZoneProvisionedManaged",
    "Provisioned Managed Regional Unit": "ProvisionedManaged",
}
KEY = ("model", "version", "deployment_type", "region", "token_class")
# How many times a price is to be taken for one million tokens.
TOKEN_UNITS = {"1K": 1000, "1M": 1}


class RefusedError(Exception):
    """Say why a meter row is no price of the catalogue."""


@dataclass(frozen=True, slots=True)
class Meter:
    """What a token meter's name says; `month_day` is the version's MMDD or empty."""

    model: str
    month_day: str
    deployment_type: str
    token_class: str


def words_of(name: str) -> list[str]:
    """Split a meter name into lower-case words, also where they are glued together."""
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    name = re.sub(r"data[ -]?zone", "dzone", name.lower())
    name = re.sub(r"(?<=gpt)(?=4o)|(?<=4o)(?=mini)|(?<=[a-z])(?=\d{4}\b)", " ", name)
    return re.split(r"[\s-]+", name)


def read_meter(name: str) -> Meter:
    """Read a token meter's name; raise RefusedError with the reason where it says too little."""
    words = words_of(re.sub(r"( 1M)? Tokens$", "", name))
    for reason, marks in NOT_OFFERED.items():
        if marks & set(words):
            raise RefusedError(f"a price of {reason}")
    scopes = {SCOPE_OF[word] for word in words if word in SCOPE_OF}
    directions = [DIRECTION_OF[word] for word in words if word in DIRECTION_OF]
    dates = [word for word in words if re.fullmatch(r"\d{4}", word)]
    spoken = {*SCOPE_OF, *DIRECTION_OF, *CACHED, *dates, "batch"}
    stem = " ".join(word for word in words if word not in spoken)
    if stem not in STEMS:
        raise RefusedError("a model that is not in the table of stems")
    model, carries = STEMS[stem]
    kind = (*scopes, "batch" in words)
    if len(scopes) != 1 or len(directions) > 1 or kind not in TYPES:
        raise RefusedError("a name that does not say one scope and one direction")
    # Embeddings have no output: their meters name no direction.
    direction = directions[0] if directions else "input"
    parts = ["cached" if CACHED & set(words) else "", carries, direction]
    return Meter(
        model=model,
        month_day="".join(dates),
        deployment_type=TYPES[kind],
        token_class="_".join(part for part in parts if part),
    )


@dataclass
class Prices:
    """The priced rows, and the refused ones counted by (reason, unit)."""

    rows: list[Row] = field(default_factory=list)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)


def read_prices(meters: Iterable[Row], versions: dict[str, set[str]], regions: set[str]) -> Prices:
    """Turn raw meter rows into price rows.

    A version is named on a price only where the meter names it and the model has several. Where
    the same price comes from a dated and an undated meter, the dated one counts.
    """
    found: dict[tuple[str, ...], list[tuple[bool, Row]]] = defaultdict(list)
    prices = Prices()
    for raw in meters:
        try:
            dated, row = _price(raw, versions, regions)
        except RefusedError as refusal:
            noun = raw["meterName"].rsplit(" ", 1)[-1]
            prices.refused[str(refusal), f"{raw['unitOfMeasure']} {noun}"] += 1
            continue
        found[tuple(row[column] for column in KEY)].append((dated, row))
    for key, candidates in found.items():
        best = [row for dated, row in candidates if dated] or [row for _, row in candidates]
        if len({(row["usd_per_1m"], row["usd_per_ptu_hour"]) for row in best}) > 1:
            raise ValueError(f"Two meters price {key} differently: {best}")
        prices.rows.append(best[0])
    return prices


def _price(raw: Row, versions: dict[str, set[str]], regions: set[str]) -> tuple[bool, Row]:
    unit, name = raw["unitOfMeasure"], raw["meterName"]
    is_ptu = unit == "1/Hour" and name in PTU_METERS
    if not is_ptu and (unit not in TOKEN_UNITS or not name.endswith(" Tokens")):
        raise RefusedError("a unit that is neither tokens nor PTU hours")
    if raw["currencyCode"] != "USD" or raw["type"] != "Consumption":
        raise RefusedError("not a pay-as-you-go price in USD")
    if raw["armRegionName"] not in regions:
        raise RefusedError("a region that is not in the catalogue")
    price = Decimal(raw["retailPrice"])
    row = {
        "region": raw["armRegionName"],
        "effective_on": raw["effectiveStartDate"][:10],
        "meter": name,
    }
    if is_ptu:
        return True, files.RETAIL.stamp(
            row
            | {
                "model": "",
                "version": "",
                "deployment_type": PTU_METERS[name],
                "token_class": "ptu_hour",
                "usd_per_1m": "",
                "usd_per_ptu_hour": plain(price),
            }
        )
    meter = read_meter(name)
    return bool(meter.month_day), files.RETAIL.stamp(
        row
        | {
            "model": meter.model,
            "version": _version(meter, versions.get(meter.model, set())),
            "deployment_type": meter.deployment_type,
            "token_class": meter.token_class,
            "usd_per_1m": plain(price * TOKEN_UNITS[unit]),
            "usd_per_ptu_hour": "",
        }
    )


def _version(meter: Meter, known: set[str]) -> str:
    if not meter.month_day:
        return ""
    ending = f"-{meter.month_day[:2]}-{meter.month_day[2:]}"
    matching = [version for version in known if version.endswith(ending)]
    if len(matching) != 1:
        raise RefusedError("a version that is not in the catalogue")
    return matching[0] if len(known) > 1 else ""


def plain(amount: Decimal) -> str:
    """Write a decimal without exponent and trailing zeros: 1.25, 10, 0.0275."""
    written = format(amount, "f")
    return written.rstrip("0").rstrip(".") if "." in written else written
