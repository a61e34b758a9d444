"""Measure the questions that pages ask against DuckDB, which answers them from all raw rows.

Each figure is the median time of ours ÷ the median of DuckDB's on its native table in memory, in
one run, turn by turn. DuckDB also checks us: sums are equal, percentiles at most 1 % off.
"""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
from django.db import connection
from django.utils import timezone

from apps.provisioning.models import Resource
from apps.teams.models import Person
from apps.usage import selectors as usage
from apps.usage.models import ModelKey
from apps.usage.selectors import Answer, Grid, Minute, Percentiles, Period, Question, Series, Sums
from apps.usage.selectors.schema import SUMS
from apps.usage.states import Dimension, Grain, Metric
from benchmarks.usage_data import load, make_company

ROWS = 1_000_000
RUNS = 15
OFF = 0.01
MODEL = "gpt-5.1"
TOP = 20
RAW = (
    *("ts", "workload_id", "deployment_id", "bu_id", "model_id", "status", "is_spillover"),
    *("input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens"),
    *("audio_in_tokens", "audio_out_tokens", "images", "latency_ms", "ttft_ms", "list_cost_nano"),
)
QUANTILES = ", ".join(
    f"quantile_disc({column}, [0.5, 0.95, 0.99]) FILTER (WHERE status < 400)"
    for column in ("latency_ms", "ttft_ms")
)
Rows = list[tuple[Any, ...]]
Waits = dict[tuple[Any, ...], list[Percentiles]]  # of answers and of first tokens
Asked = tuple[Callable[[Answer], Any], Callable[[Answer, Any], Waits], Answer, str, str]
Peer = Callable[[str, Period], Rows]  # answers a SELECT … about a period, [start, end)


def run(rows: int | None) -> dict[str, float]:
    """Return ours ÷ DuckDB for each question, after both have given the same answer."""
    company = make_company()
    load(company, rows or ROWS)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    peer = _peer()
    found = {**_additive(peer), **_percentiles(peer), **_minutes(peer, company.people["petra"])}
    return {f"{name}_to_duckdb": ratio for name, ratio in found.items()}


def _peer() -> Peer:
    """Give DuckDB the same raw rows, in a native table and in order of time."""
    database = duckdb.connect()
    names = ", ".join(RAW).replace("ts,", "ts AT TIME ZONE 'UTC',", 1)
    types = dict.fromkeys(RAW, "INTEGER")
    types |= {"ts": "TIMESTAMP", "is_spillover": "BOOLEAN", "list_cost_nano": "BIGINT"}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "raw.csv"
        with file.open("wb") as out, connection.cursor() as cursor:
            copy = f"COPY (SELECT {names} FROM usage_record ORDER BY ts) TO STDOUT CSV"
            with cursor.copy(copy) as blocks:
                out.writelines(blocks)
        read = f"read_csv('{file}', header = false, columns = {types})"
        database.execute(f"CREATE TABLE raw AS SELECT * FROM {read}")

    def answer(sql: str, period: Period) -> Rows:
        span = [at.replace(tzinfo=None) for at in (period.start, period.end)]
        return database.execute(sql.replace("PERIOD", "ts >= ? AND ts < ?"), span).fetchall()

    return answer


def _last(days: int, grain: Grain) -> Period:
    end = datetime.combine(timezone.now().date(), datetime.min.time(), UTC)
    return Period(end - timedelta(days=days), end, grain)


def _ratio(ours: Callable[[], object], theirs: Callable[[], object]) -> float:
    """Time both by turns: who shares the machine with us disturbs both."""
    took: dict[Callable[[], object], list[float]] = {ours: [], theirs: []}
    for _ in range(RUNS):
        for act, times in took.items():
            began = time.perf_counter()
            act()
            times.append(time.perf_counter() - began)
    return median(took[ours]) / median(took[theirs])


def _additive(peer: Peer) -> dict[str, float]:
    """Ask for sums; theirs has, as ours, the total of the period before."""
    every, days, whole = ", ".join(SUMS.values()), _last(30, Grain.DAY), _last(30, Grain.TOTAL)
    of_model = f"model_id IN ({', '.join(str(pk) for pk in _model_ids())})"
    questions = {
        "days_by_unit": Question(days, Dimension.BU, top=None),
        "month_by_unit_of_model": Question(
            whole, Dimension.BU, {Dimension.MODEL: [MODEL]}, top=None
        ),
        "top_workloads": Question(whole, Dimension.WORKLOAD, top=TOP),
        "total": Question(whole),
    }
    total = f"SELECT {every} FROM raw WHERE PERIOD"
    unit = f"SELECT bu_id, {every} FROM raw WHERE PERIOD"
    sql = {
        "days_by_unit": f"SELECT date_trunc('day', ts), bu_id, {every} FROM raw WHERE PERIOD "
        "GROUP BY 1, 2",
        "month_by_unit_of_model": f"{unit} AND {of_model} GROUP BY 1",
        "top_workloads": f"SELECT workload_id, {every} FROM raw WHERE PERIOD GROUP BY 1 "
        f"ORDER BY sum(input_tokens + output_tokens) DESC LIMIT {TOP}",
        "total": total,
    }
    before = dict.fromkeys(sql, total) | {
        "month_by_unit_of_model": f"{total} AND {of_model}",
    }

    def theirs(name: str) -> tuple[Rows, Rows]:
        period = questions[name].period
        return peer(sql[name], period), peer(before[name], period.before(timezone.now()))

    found = {}
    for name, question in questions.items():
        rows, earlier = theirs(name)
        answer, lines = _ours(question)
        assert answer.before == earlier[0], f"{name}: other sums in the period before"
        _same_sums(name, rows, answer, lines)
        found[name] = _ratio(partial(_ours, question), partial(theirs, name))
    return found


def _model_ids() -> list[int]:
    return list(ModelKey.objects.filter(model=MODEL).values_list("pk", flat=True))


def _ours(question: Question) -> tuple[Answer, Series | None]:
    answer = usage.ask_everything(question)
    stepped = question.by and question.period.grain != Grain.TOTAL
    return answer, usage.over_time(answer) if stepped else None


def _same_sums(name: str, rows: Rows, answer: Answer, series: Series | None) -> None:
    theirs = {row[: -len(SUMS)]: row[-len(SUMS) :] for row in rows}
    ours: dict[tuple[Any, ...], Sums] = {(): answer.total}
    if series:
        ours = {
            (at.replace(tzinfo=None), *group.ids): sums
            for group, line in series.lines
            for at, sums in zip(series.steps, line, strict=True)
            if sums.requests
        }
    elif answer.groups:
        ours = {tuple(group.ids): group.sums for group in answer.groups if group.name}
    assert ours == theirs, f"{name}: other sums"


def _percentiles(peer: Peer) -> dict[str, float]:
    """Ask for percentiles of answers and first tokens by unit, and as the latency page shows them.

    That page's question has steps, their total and the total of the period before.
    """
    days, whole, hours = (_last(30, grain) for grain in (Grain.DAY, Grain.TOTAL, Grain.HOUR))
    by_unit = usage.ask_everything(Question(whole, Dimension.BU, top=None))
    by_unit_and_day = usage.ask_everything(Question(days, Dimension.BU, top=None))
    by_day = usage.ask_everything(Question(days))
    of_model = usage.ask_everything(Question(hours, where={Dimension.MODEL: [MODEL]}))
    ids = f"AND model_id IN ({', '.join(str(pk) for pk in _model_ids())})"
    day, hour = (f"date_trunc('{grain}', ts)" for grain in ("day", "hour"))
    asked: dict[str, Asked] = {
        "percentiles_by_unit": (usage.waits_of_groups, _units, by_unit, _of("bu_id"), ""),
        "percentiles_by_day_and_unit": (
            usage.percentiles_by_group_over_time,
            _grid,
            by_unit_and_day,
            _of(f"bu_id, {day}"),
            "",
        ),
        "percentiles_by_day": (usage.waits, _steps, by_day, _of(day, total=True), _of("'before'")),
        "percentiles_by_hour_of_model": (
            usage.waits,
            _steps,
            of_model,
            _of(hour, ids, total=True),
            _of("'before'", ids),
        ),
    }
    found = {}
    for name, (ask, read, answer, sql, before) in asked.items():
        ours = partial(ask, answer)
        theirs = partial(_theirs, peer, answer.question.period, sql, before)
        _same_waits(name, read(answer, ours()), theirs())
        found[name] = _ratio(ours, theirs)
    return found


def _theirs(peer: Peer, period: Period, sql: str, before: str) -> Rows:
    rows = peer(sql, period)
    return rows + peer(before, period.before(timezone.now())) if before else rows


def _of(group: str, where: str = "", *, total: bool = False) -> str:
    sets = f"GROUPING SETS (({group}), ())" if total else group
    return f"SELECT {group}, {QUANTILES} FROM raw WHERE PERIOD {where} GROUP BY {sets}"


def _units(answer: Answer, found: Sequence[Mapping[Metric, Percentiles]]) -> Waits:
    return {(*group.ids,): [*one.values()] for group, one in zip(answer.groups, found, strict=True)}


def _grid(answer: Answer, found: Mapping[Metric, Grid]) -> Waits:
    first, second = found.values()
    return {
        (*group.ids, at.replace(tzinfo=None)): [one, other]
        for (group, line), (_, other_line) in zip(first.lines, second.lines, strict=True)
        for at, one, other in zip(first.steps, line, other_line, strict=True)
    }


def _steps(answer: Answer, found: Mapping[Metric, usage.Waits]) -> Waits:
    every = [*found.values()]
    steps = zip(*(one.steps for one in every), strict=True)
    return {
        (None,): [one.now for one in every],
        ("before",): [one.before for one in every],
        **{(at.replace(tzinfo=None),): [one, other] for (at, one), (_, other) in steps},
    }


def _same_waits(name: str, ours: Waits, rows: Rows) -> None:
    theirs = {row[:-2]: row[-2:] for row in rows if row[-1]}
    mine = {key: waits for key, waits in ours.items() if waits[0].n}
    assert mine.keys() == theirs.keys(), f"{name}: other groups"
    for key, waits in mine.items():
        for wait, values in zip(waits, theirs[key], strict=True):
            _near(name, (wait.p50, wait.p95, wait.p99), values)


def _near(name: str, ours: Sequence[float | None], theirs: Sequence[float]) -> None:
    for one, exact in zip(ours, theirs, strict=True):
        assert one is not None and abs(one - exact) <= OFF * exact + 0.01, (
            f"{name}: {one} where DuckDB says {exact}"
        )


def _minutes(peer: Peer, viewer: Person) -> dict[str, float]:
    """Ask for the minutes of a day of the deployments that are called most and 25th most."""
    day = _last(1, Grain.MINUTE)
    ranked = peer(
        "SELECT deployment_id FROM raw WHERE PERIOD GROUP BY 1 ORDER BY count(*) DESC", day
    )
    found = {}
    for name, rank in (("minutes_of_hottest", 0), ("minutes_of_25th", 24)):
        resource = Resource.objects.get(pk=ranked[rank][0])
        sql = (
            "SELECT date_trunc('minute', ts), count(*), count(*) FILTER (WHERE status = 429), "
            "sum(input_tokens + output_tokens)::bigint, "
            "quantile_disc(latency_ms, [0.5, 0.95, 0.99]) FILTER (WHERE status < 400) "
            f"FROM raw WHERE PERIOD AND deployment_id = {resource.pk} GROUP BY 1 ORDER BY 1"
        )

        def ours(r: Resource = resource) -> list[Minute]:
            return usage.minutes(viewer, r, day.start, day.end)

        assert [_exact(m) for m in ours()] == peer(sql, day), f"{name}: other minutes"
        found[name] = _ratio(ours, partial(peer, sql, day))
    return found


def _exact(minute: Minute) -> tuple[Any, ...]:
    waits = [minute.p50, minute.p95, minute.p99]
    return (
        minute.at.replace(tzinfo=None),
        minute.requests,
        minute.throttled,
        minute.tokens,
        None if minute.p50 is None else waits,
    )
