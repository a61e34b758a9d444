"""Loading the data files: once, again, and with a changed price."""

import csv
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.catalog import models, selectors, services
from apps.catalog.collectors import files
from apps.kernel.models import AuditEntry

pytestmark = pytest.mark.django_db
WHERE = {"model": "gpt-5.1", "sku": "GlobalStandard", "region": "swedencentral"}


def changed(tmp_path: Path, name: str, change: Any) -> Path:
    """Copy the data files and change (or, with None, drop) rows of one of them."""
    folder = tmp_path / f"data-{len(list(tmp_path.iterdir()))}"
    shutil.copytree(files.DATA, folder)
    rows = files.read(folder / f"{name}.csv")
    columns = list(rows[0])
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, columns)
        writer.writeheader()
        writer.writerows(new for row in rows if (new := change(row)))
    return folder


def is_input(row: dict[str, str]) -> bool:
    key = (row["model"], row["deployment_type"], row["region"], row["token_class"])
    return key == ("gpt-5.1", "GlobalStandard", "swedencentral", "input")


def everything() -> dict[str, list[Any]]:
    """Return all rows of the catalogue."""
    kinds = (models.Availability, models.QuotaTier, models.PriceSet, models.Price, models.Region)
    return {kind.__name__: list(kind.objects.order_by("pk").values_list()) for kind in kinds}


def test_an_unchanged_catalogue_costs_one_query() -> None:
    before = everything()
    with CaptureQueriesContext(connection) as asked:
        assert not services.load_catalog().changed
    assert len(asked) == 1
    assert everything() == before


def test_a_full_load_over_the_same_facts_keeps_every_price_row() -> None:
    before = everything()
    models.CatalogState.objects.update(digest="another")
    assert services.load_catalog().changed
    after = everything()
    for name in ("PriceSet", "Price", "Region"):
        assert after[name] == before[name]
    assert [row[1:] for row in after["Availability"]] == [row[1:] for row in before["Availability"]]


def test_a_load_is_in_the_audit(tmp_path: Path) -> None:
    folder = changed(tmp_path, "models", lambda row: row | {"task": "chat"})
    loaded = services.load_catalog(directory=folder)
    entry = AuditEntry.objects.get(subject="catalogue", after__digest=loaded.digest)
    assert entry.after["rows"]["models"] == 75


def test_a_changed_price_closes_the_old_set_on_its_day(tmp_path: Path) -> None:
    def dearer(row: dict[str, str]) -> dict[str, str]:
        return row | {"usd_per_1m": "1.5", "effective_on": "2027-01-01"} if is_input(row) else row

    old = selectors.price_in_force(**WHERE, on=date(2026, 12, 31))
    services.load_catalog(directory=changed(tmp_path, "prices", dearer))
    assert old is not None
    kept = selectors.price_in_force(**WHERE, on=date(2026, 12, 31))
    new = selectors.price_in_force(**WHERE, on=date(2027, 1, 1))
    assert kept is not None
    assert new is not None
    assert (kept.price_set_id, kept.ends_on) == (old.price_set_id, date(2027, 1, 1))
    assert new.per_1m_nano == {**old.per_1m_nano, "input": 1_500_000_000}
    assert models.PriceSet.objects.filter(ends_on__isnull=False).count() == 1


def test_a_correction_without_a_date_counts_from_today(tmp_path: Path) -> None:
    today = timezone.now().date()
    folder = changed(
        tmp_path, "prices", lambda row: row | {"usd_per_1m": "2"} if is_input(row) else row
    )
    services.load_catalog(directory=folder)
    new = selectors.price_in_force(**WHERE, on=today)
    assert new is not None
    assert new.effective_on == today
    assert new.per_1m_nano["input"] == 2_000_000_000


def test_a_second_correction_on_the_same_day_replaces_the_first(tmp_path: Path) -> None:
    today = timezone.now().date()
    for usd in ("2", "3"):
        folder = changed(
            tmp_path,
            "prices",
            lambda row, usd=usd: row | {"usd_per_1m": usd} if is_input(row) else row,
        )
        services.load_catalog(directory=folder)
    new = selectors.price_in_force(**WHERE, on=today)
    assert new is not None
    assert new.per_1m_nano["input"] == 3_000_000_000


def test_a_price_that_is_gone_ends_today(tmp_path: Path) -> None:
    folder = changed(tmp_path, "prices", lambda row: None if row["model"] == "gpt-5.1" else row)
    services.load_catalog(directory=folder)
    assert selectors.price_in_force(**WHERE, on=timezone.now().date()) is None
    assert selectors.price_in_force(**WHERE, on=date(2026, 1, 1)) is not None


def test_a_price_that_comes_back_begins_when_it_came_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on(day: date) -> None:
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        monkeypatch.setattr(timezone, "now", lambda: noon)

    without = changed(tmp_path, "prices", lambda row: None if is_input(row) else row)
    gone = changed(tmp_path, "prices", lambda row: None if row["model"] == "gpt-5.1" else row)
    for day, folder in ((1, gone), (3, files.DATA), (3, without), (5, gone), (5, files.DATA)):
        on(date(2027, 3, day))
        services.load_catalog(directory=folder)
    found = {
        day: selectors.price_in_force(**WHERE, on=date(2027, 3, day)) for day in (1, 2, 3, 4, 5)
    }
    assert (found[1], found[2]) == (None, None)
    inputs = ["input" in found[day].per_1m_nano for day in (3, 4, 5)]  # type: ignore[union-attr]
    assert inputs == [False, False, True]


@pytest.mark.django_db(transaction=True)
def test_an_edit_during_a_load_is_not_overwritten(
    tmp_path: Path, people: SimpleNamespace, as_before: None
) -> None:
    rule = models.ResidencyRule.objects.get(
        data_class="confidential", scope="global", geography="Europe"
    )
    folder = changed(tmp_path, "residency", lambda row: row | {"why": "Because it is so."})

    def load() -> None:
        try:
            services.load_catalog(directory=folder)
        finally:
            connection.close()

    loading = threading.Thread(target=load)
    with transaction.atomic():
        services.change_residency_rule(
            pk=rule.pk, allowed=True, why="We asked legal in time.", by=people.petra
        )
        loading.start()
        wait_until_blocked()
    loading.join()
    rule.refresh_from_db()
    assert (rule.allowed, rule.why) == (True, "We asked legal in time.")
    assert models.ResidencyRule.objects.filter(why="Because it is so.").count() == 43


@pytest.fixture
def as_before(db: None) -> Iterator[None]:
    """Bring the catalogue back, which all tests share."""
    yield
    models.ResidencyRule.objects.update(edited_at=None)
    services.load_catalog()


def wait_until_blocked() -> None:
    """Wait until another connection waits for a lock of this one."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            if cursor.execute(waiting).fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError("Nobody waited for a lock.")


def test_an_edited_residency_rule_survives_a_load(tmp_path: Path) -> None:
    rule = models.ResidencyRule.objects.get(
        data_class="confidential", scope="global", geography="Europe"
    )
    models.ResidencyRule.objects.filter(pk=rule.pk).update(
        allowed=True, why="We asked legal.", edited_at=timezone.now()
    )
    folder = changed(tmp_path, "residency", lambda row: row | {"why": "Because it is so."})
    services.load_catalog(directory=folder)
    rule.refresh_from_db()
    assert (rule.allowed, rule.why) == (True, "We asked legal.")
    assert models.ResidencyRule.objects.filter(why="Because it is so.").count() == 43


def test_the_database_refuses_two_prices_for_one_day() -> None:
    first = models.PriceSet.objects.filter(model="gpt-5.1").first()
    ptu = models.PriceSet.objects.filter(model=None).first()
    for row in (first, ptu):
        assert row is not None
        row.pk, row.effective_on = None, date(2026, 6, 1)
        with pytest.raises(IntegrityError, match="one_price_set_at_a_time"), transaction.atomic():
            row.save()


def test_the_command_says_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_catalog")
    assert capsys.readouterr().out == "The catalogue is up to date.\n"


def test_a_load_that_fails_changes_nothing(tmp_path: Path) -> None:
    before = everything()
    folder = changed(tmp_path, "prices", lambda row: row | {"effective_on": "soon"})
    with pytest.raises(ValueError, match="soon"):
        services.load_catalog(directory=folder)
    assert everything() == before


@pytest.mark.django_db(transaction=True)
def test_of_two_loads_at_once_one_does_the_work() -> None:
    before = everything()
    models.CatalogState.objects.update(digest="another")
    start = threading.Barrier(2)

    def load(_: int) -> bool:
        start.wait()
        try:
            return services.load_catalog().changed
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(load, range(2)))
    assert sorted(done) == [False, True]
    assert everything()["Price"] == before["Price"]
