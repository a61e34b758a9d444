"""Usage over the API: the numbers and rights of the pages, exact, as JSON and as CSV."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.usage import rollups
from apps.usage.models import DirtyHour
from apps.usage.protocols import OPTIONAL_COUNTS
from tests.usage.batches import deployment, events, send

pytestmark = pytest.mark.django_db
AT = timezone.now().replace(hour=12, minute=30, second=0, microsecond=0) - timedelta(days=2)
DAYS = f"from={AT:%Y-%m-%d}&to={AT + timedelta(days=1):%Y-%m-%d}"


@pytest.fixture
def used(people):
    """Three deployments of alice's workload, one of another team, one of charlie's, unpriced."""
    mine = [deployment(people, name=f"mine-{number}") for number in range(3)]
    other = deployment(people, workload="policy-qa", name="other")
    foreign = deployment(people, workload="fraud-notes", model="no-such-model", name="foreign")
    for number, one in enumerate([*mine, other, foreign], 1):
        times = [AT, AT + timedelta(minutes=1), AT + timedelta(days=1)]
        send(events(one, times, input_tokens=number, latency_ms=[100, 200, -1], cached_tokens=1))
    rollups.roll_all()
    return mine


@pytest.fixture
def read(people, client_of):
    """Ask as somebody; returns the answer's body."""

    def ask(query, who="petra"):
        answer = client_of(getattr(people, who)).get(f"/api/usage/?{DAYS}&{query}")
        assert answer.status_code == 200, answer.content
        return answer.json()

    return ask


def cost(*inputs):
    nano = sum(3 * (tokens - 1) * 1250 + 3 * 125 + 300 * 10_000 for tokens in inputs)
    return f"0.{nano:09}"


def test_rows_sum_to_the_total_and_costs_are_exact(used, read):
    said = read("by=deployment&order=list_cost")
    assert [row["deployment"] for row in said["rows"]] == [
        *("other", "mine-2", "mine-1", "mine-0"),
        "foreign",
    ]
    assert said["rows"][1]["deployment_id"] == used[2].pk
    assert [row["list_cost"] for row in said["rows"]] == [*map(cost, (4, 3, 2, 1)), None]
    for name in ("requests", "input_tokens", "output_tokens", "cached_tokens", "unpriced"):
        assert sum(row[name] for row in said["rows"]) == said["total"][name]
    assert said["total"]["list_cost"] == cost(1, 2, 3, 4)
    assert (said["total"]["unpriced"], said["currency"]) == (3, "USD")
    assert said["period"] == {
        "start": f"{AT:%Y-%m-%d}T00:00:00Z",
        "end": f"{AT + timedelta(days=2):%Y-%m-%d}T00:00:00Z",
        "grain": "hour",
    }
    assert said["before"]["requests"] == 0
    assert "series" not in said
    assert "percentiles" not in said["total"]


def test_tokens_come_by_class_and_null_where_no_source_told_them(people, read, client_of):
    told = dict(zip(OPTIONAL_COUNTS, range(1, 7), strict=True))
    send(events(deployment(people, name="told"), [AT, AT], output_tokens=9, **told))
    send(events(deployment(people, name="zero"), [AT], **dict.fromkeys(OPTIONAL_COUNTS, 0)))
    send(events(deployment(people, name="silent"), [AT]))
    rollups.roll_all()
    said = read("by=deployment")
    rows = {row["deployment"]: row for row in said["rows"]}
    twice = [2, 4, 6, 8, 10, 12]
    for row, values in (
        (rows["told"], twice),
        (rows["zero"], [0] * 6),
        (rows["silent"], [None] * 6),
        (said["total"], twice),
        (said["before"], [None] * 6),
    ):
        assert [row[name] for name in OPTIONAL_COUNTS] == values
    found = client_of(people.petra).get(f"/api/usage/?{DAYS}&by=deployment&format=csv")
    files = {row["deployment"]: [row[name] for name in OPTIONAL_COUNTS] for row in lines(found)}
    assert files == {"told": [*map(str, twice)], "zero": ["0"] * 6, "silent": [""] * 6}


def test_the_rest_is_in_others(used, read):
    said = read("by=deployment&top=2")
    assert [row["deployment"] for row in said["rows"]] == ["foreign", "other", None]
    assert said["rows"][2]["others"] == 3
    assert sum(row["requests"] for row in said["rows"]) == said["total"]["requests"] == 15
    assert len(read("by=deployment&top=all")["rows"]) == 5


def test_each_gets_what_is_theirs(used, read):
    assert read("", "alice")["total"]["requests"] == 12
    assert read("", "charlie")["total"]["requests"] == 3
    assert read("", "dora")["total"]["requests"] == 0
    assert read("team=fraud", "alice")["total"]["requests"] == 0
    assert read("team=no-such-team", "alice")["total"]["requests"] == 0
    assert read("", "fiona")["total"]["requests"] == 15


def test_filters(used, read):
    assert read("team=claims&model=gpt-5.1&region=swedencentral")["total"]["requests"] == 12
    assert read("model=no-such-model&model=gpt-5.1")["total"]["requests"] == 15
    assert read(f"deployment={used[0].pk}")["total"]["requests"] == 3
    assert read("environment=dev")["total"]["requests"] == 0


def test_steps_of_time(used, read):
    said = read("by=team&series=1&grain=day")
    days = [f"{AT + timedelta(days=n):%Y-%m-%d}" for n in range(2)]
    assert [(row["team"], row["day"], row["requests"]) for row in said["series"]] == [
        *(("claims", days[0], 8), ("claims", days[1], 4)),
        *(("fraud", days[0], 2), ("fraud", days[1], 1)),
    ]
    hours = read("series=1&grain=hour")["series"]
    assert [(row["hour"], row["requests"]) for row in hours] == [
        (f"{days[0]}T12:00:00Z", 10),
        (f"{days[1]}T12:00:00Z", 5),
    ]
    costs = [Decimal(row["list_cost"]) for row in hours]
    assert f"{sum(costs):.9f}" == read("")["total"]["list_cost"]


def test_percentiles(used, read):
    said = read("by=model&percentiles=1&series=1")
    for row in (said["total"], *said["rows"]):
        answer = row["percentiles"]["answer_ms"]
        assert answer["p50"] == pytest.approx(100, rel=0.01)
        assert answer["p99"] == pytest.approx(200, rel=0.01)
        assert answer["n"] in (10, 8, 2)
        assert [*row["percentiles"]["first_token_ms"].values()] == [0, None, None, None]
    assert "percentiles" not in read("by=model&series=1")["series"][0]
    for by in ("model", "team", "workload", "deployment", "region"):
        rows = read(f"by={by}&percentiles=1&series=1&grain=day&top=1")["series"]
        assert sum(row["percentiles"]["answer_ms"]["n"] for row in rows) == 10
    first, second = read("percentiles=1&series=1&grain=day")["series"]
    assert first["percentiles"]["answer_ms"]["n"] == 10
    assert second["percentiles"]["answer_ms"]["p95"] is None


def test_percentiles_are_as_old_as_their_sketches(used, read):
    before = timezone.now()
    send(events(used[0], [AT], latency_ms=100))
    rollups.roll_dirty(day_after=timedelta(0))
    known = f"{before:%Y-%m-%dT%H:%M:%SZ}"
    DirtyHour.objects.update(at=before - timedelta(minutes=1))
    assert read("percentiles=1")["as_of"] < known <= read("")["as_of"]
    rollups.roll_all()
    assert read("percentiles=1")["as_of"] >= known


def lines(response):
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(b"".join(response).decode())))


def test_csv_says_the_same(people, used, read, client_of):
    client = client_of(people.petra)
    said = read("by=deployment&percentiles=1")["rows"]
    for found in (
        client.get(f"/api/usage/?{DAYS}&by=deployment&percentiles=1&format=csv"),
        client.get(
            f"/api/usage/?{DAYS}&by=deployment&percentiles=1", headers={"Accept": "text/csv"}
        ),
    ):
        rows = lines(found)
        assert [row["list_cost"] for row in rows] == [row["list_cost"] or "" for row in said]
        assert [int(row["requests"]) for row in rows] == [row["requests"] for row in said]
        assert float(rows[0]["answer_ms_p50"]) == said[0]["percentiles"]["answer_ms"]["p50"]
        assert rows[0]["first_token_ms_p50"] == ""
    (total,) = lines(client.get(f"/api/usage/?{DAYS}&format=csv"))
    assert total["list_cost"] == cost(1, 2, 3, 4)
    steps = lines(client.get(f"/api/usage/?{DAYS}&format=csv&series=1&grain=day"))
    assert [row["requests"] for row in steps] == ["10", "5"]


@pytest.mark.parametrize(
    ("query", "field", "said"),
    [
        ("period=year", "period", "24h, 7d, 30d, month or custom"),
        ("from=2026-13-01", "from", "a day such as"),
        ("from=2026-11-02&to=2026-11-01", "to", "ends before it begins"),
        ("period=7d&from=2026-11-01", "from", "from belongs to period=custom"),
        ("period=7d&to=2026-11-01", "to", "to belongs to period=custom"),
        ("to=2026-11-01", "from", "to needs a from"),
        ("month=2026-11", "month", "month belongs to period=month"),
        ("from=2026-11-01&month=2026-11", "month", "would not be heard"),
        ("grain=minute", "grain", "hour, day or month"),
        ("by=colour", "by", "bu, team, workload"),
        ("by=" + "x" * 5000, "by", "cannot be read"),
        ("order=price", "order", "tokens, requests"),
        ("top=0", "top", "1 to 500 or all"),
        ("top=-1", "top", "1 to 500 or all"),
        ("top=1e9", "top", "1 to 500 or all"),
        ("top=" + "9" * 6000, "top", "1 to 500 or all"),
        ("top=²", "top", "1 to 500 or all"),
        ("series=yes", "series", "1 would pass"),
        ("team=&by=model", "team", "the name of a team would pass"),
        ("team_id=3", "team_id", "no parameter of usage"),
        ("&".join(f"team=t{n}" for n in range(51)), "team", "50 values at most"),
    ],
)
@pytest.mark.parametrize("form", ["", "&format=csv"])
def test_bad_input_is_a_problem_with_a_sentence(people, client_of, query, field, said, form):
    answer = client_of(people.alice).get(f"/api/usage/?{query}{form}")
    assert answer.status_code == 422
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert said in problem["detail"]
    assert list(problem["errors"]) == [field]
    assert len(problem["detail"]) < 400


def test_only_rollups_are_read_and_few_times(people, used, client_of):
    client = client_of(people.alice)
    with CaptureQueriesContext(connection) as asked:
        client.get(f"/api/usage/?{DAYS}&by=workload&series=1&percentiles=1")
    queries = [one["sql"] for one in asked]
    assert not [sql for sql in queries if "usage_record" in sql]
    assert len(queries) <= 12, queries


def test_other_formats_are_refused(people, client_of):
    client = client_of(people.alice)
    assert client.get("/api/usage/?format=xml").status_code == 404
    assert client.get("/api/usage/", headers={"Accept": "text/html"}).status_code == 406
    assert client.post("/api/usage/").status_code == 405


def test_the_schema_has_it(people, client_of):
    schema = client_of(people.alice).get("/api/schema/?format=json").json()
    found = schema["paths"]["/api/usage/"]["get"]
    assert {"by", "team", "series", "top"} <= {one["name"] for one in found["parameters"]}
    assert set(found["responses"]["200"]["content"]) == {"application/json", "text/csv"}
    total = schema["components"]["schemas"]["UsageTotal"]["properties"]
    assert all(total[name]["nullable"] for name in OPTIONAL_COUNTS)
