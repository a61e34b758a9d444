"""Turn price rows into price sets with a beginning and an end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db.models import Max

from apps.catalog.collectors.files import Row
from apps.catalog.models import Price, PriceSet
from apps.kernel.money import nano

Key = tuple[str, str, str, str]


@dataclass
class Wanted:
    """What the files say of one model × version × type × region.

    A set holds from the day on which the last of its meters took effect.
    """

    source: str
    as_of: date
    effective_on: date = date.min
    prices: dict[str, tuple[int, str]] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Add one meter."""
        price = nano(row["usd_per_ptu_hour"] or row["usd_per_1m"])
        self.prices[row["token_class"]] = (price, row["meter"])
        self.effective_on = max(self.effective_on, date.fromisoformat(row["effective_on"]))

    def amounts(self) -> dict[str, int]:
        """Return the prices alone."""
        return {token_class: price for token_class, (price, _) in self.prices.items()}


def load_prices(rows: Iterable[Row], *, today: date) -> None:
    """Open, keep and close price sets; what was in force keeps its rows for ever.

    A changed price takes effect on its own date. A correction, a price that is gone, or one that
    comes back (older files loaded again) has no date of its own and takes effect today, so that
    what was priced yesterday stays explained.
    """
    wanted = _wanted(rows)
    amounts = _amounts()
    filled: list[tuple[PriceSet, Wanted]] = []
    ended: list[PriceSet] = []
    confirmed: list[PriceSet] = []
    for row in PriceSet.objects.filter(ends_on__isnull=True):
        key = _key(row)
        new = wanted.get(key)
        if new and new.amounts() == amounts.get(row.pk, {}):
            del wanted[key]
            if (new.source, new.as_of) != (row.source, row.as_of):
                row.source, row.as_of = new.source, new.as_of
                confirmed.append(row)
        elif new and new.effective_on <= row.effective_on >= today:
            # Corrected on the day it began: nothing was priced with it yet.
            Price.objects.filter(price_set=row).delete()
            filled.append((row, wanted.pop(key)))
        else:
            starts = new.effective_on if new else today
            tomorrow = row.effective_on + timedelta(days=1)
            row.ends_on = starts if starts > row.effective_on else max(today, tomorrow)
            ended.append(row)
    PriceSet.objects.bulk_update(confirmed, ["source", "as_of"])
    PriceSet.objects.bulk_update(ended, ["ends_on"])
    free_from = _free_from()
    opened = PriceSet.objects.bulk_create(
        _opened(key, new, free_from=free_from.get(key, date.min), today=today)
        for key, new in wanted.items()
    )
    filled += zip(opened, wanted.values(), strict=True)
    Price.objects.bulk_create(
        Price(price_set=row, token_class=token_class, price_nano=price, meter=meter)
        for row, new in filled
        for token_class, (price, meter) in new.prices.items()
    )


def _opened(key: Key, new: Wanted, *, free_from: date, today: date) -> PriceSet:
    model, version, sku, region = key
    on_time = new.effective_on >= free_from
    return PriceSet(
        model_id=model or None,
        version=version,
        deployment_type_id=sku,
        region_id=region,
        effective_on=new.effective_on if on_time else max(free_from, today),
        source=new.source,
        as_of=new.as_of,
    )


def _wanted(rows: Iterable[Row]) -> dict[Key, Wanted]:
    wanted: dict[Key, Wanted] = {}
    for row in rows:
        key = (row["model"], row["version"], row["deployment_type"], row["region"])
        if key not in wanted:
            wanted[key] = Wanted(row["source"], date.fromisoformat(row["as_of"]))
        wanted[key].add(row)
    return wanted


def _key(row: PriceSet) -> Key:
    return (row.model_id or "", row.version, row.deployment_type_id, row.region_id)


def _free_from() -> Mapping[Key, date]:
    """Say when the last closed set of each thing ended."""
    return {
        (model or "", *rest): ends_on
        for model, *rest, ends_on in PriceSet.objects.values_list(
            "model", "version", "deployment_type", "region"
        ).annotate(Max("ends_on"))
        if ends_on
    }


def _amounts() -> Mapping[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    rows = Price.objects.filter(price_set__ends_on__isnull=True)
    for pk, token_class, price in rows.values_list("price_set", "token_class", "price_nano"):
        found.setdefault(pk, {})[token_class] = price
    return found
