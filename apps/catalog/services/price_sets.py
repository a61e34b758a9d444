"""Turn price rows into price sets with a beginning and an end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

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

    A changed price takes effect on its own date. A correction, or a price that is gone, has no
    date of its own and takes effect today, so that what was priced yesterday stays explained.
    """
    wanted = _wanted(rows)
    present = {_key(row): row for row in PriceSet.objects.filter(ends_on__isnull=True)}
    amounts = _amounts()
    opened: list[PriceSet] = []
    closed: list[PriceSet] = []
    for key, row in present.items():
        new = wanted.get(key)
        if new and new.amounts() == amounts.get(row.pk, {}):
            wanted.pop(key)
            continue
        starts = new.effective_on if new else today
        row.ends_on = starts if starts > row.effective_on else max(today, _day_after(row))
        closed.append(row)
    ended = {_key(row): row.ends_on for row in closed}
    for key, new in wanted.items():
        model, version, sku, region = key
        opened.append(
            PriceSet(
                model_id=model or None,
                version=version,
                deployment_type_id=sku,
                region_id=region,
                effective_on=ended.get(key) or new.effective_on,
                source=new.source,
                as_of=new.as_of,
            )
        )
    PriceSet.objects.bulk_update(closed, ["ends_on"])
    PriceSet.objects.bulk_create(opened)
    Price.objects.bulk_create(
        Price(price_set=row, token_class=token_class, price_nano=price, meter=meter)
        for row in opened
        for token_class, (price, meter) in wanted[_key(row)].prices.items()
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


def _amounts() -> Mapping[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    rows = Price.objects.filter(price_set__ends_on__isnull=True)
    for pk, token_class, price in rows.values_list("price_set", "token_class", "price_nano"):
        found.setdefault(pk, {})[token_class] = price
    return found


def _day_after(row: PriceSet) -> date:
    return row.effective_on + timedelta(days=1)
