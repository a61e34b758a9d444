"""CSV, NDJSON and Parquet with every column: the same calls, whatever carries them."""

import csv
import gzip
import io
import json
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apps.provisioning.models import Resource
from apps.teams.models import Workload
from apps.usage.models import UsageRecord
from apps.usage.states import ErrorKind
from tests.usage.batches import deployment, grant
from tests.usage.calls import DAY, GOOD, content, run

pytestmark = pytest.mark.django_db
CALLS = [
    {
        "ts": f"{DAY}T10:00:00.1234567+02:00",
        "input_tokens": 1000,
        "output_tokens": 100,
        "cached_tokens": 600,
        "cache_write_tokens": 100,
        "reasoning_tokens": 60,
        "audio_in_tokens": 300,
        "audio_out_tokens": 40,
        "images": 2,
        "latency_ms": 2900,
        "ttft_ms": 310,
        "status": 200,
        "is_spillover": True,
        "end_user": "müller, “Z”",
    },
    {"ts": f"{DAY} 10:00:01Z", "input_tokens": 5, "output_tokens": 0, "status": 429},
    {"ts": f"{DAY}T10:00:02Z", "input_tokens": 5, "output_tokens": 0, "status": 503},
    {"ts": f"{DAY}T10:00:03Z", "input_tokens": 5, "output_tokens": 0, "status": 404},
    {
        "ts": f"{DAY}T10:00:04Z",
        "input_tokens": 5,
        "output_tokens": 0,
        "status": 400,
        "error_kind": "content_filter",
        "is_spillover": False,
        "workload": "claims/policy-qa",
        "deployment": "other",
    },
]
NAMES = [*CALLS[0], "error_kind", "workload", "deployment"]


def as_csv(calls):
    text = io.StringIO()
    writer = csv.DictWriter(text, NAMES)
    writer.writeheader()
    for call in calls:
        flag = {"is_spillover": str(call["is_spillover"]).lower()} if "is_spillover" in call else {}
        writer.writerow(call | flag)
    return text.getvalue().encode()


def as_ndjson(calls):
    return "\n".join(json.dumps(call, ensure_ascii=False) for call in calls).encode()


def as_parquet(calls, **options):
    columns = {name: [call.get(name) for call in calls] for name in NAMES}
    moments = [datetime.fromisoformat(moment) for moment in columns.pop("ts")]
    table = pa.table({"ts": pa.array(moments, pa.timestamp("us", "Europe/Berlin")), **columns})
    packed = io.BytesIO()
    pq.write_table(table, packed, **options)
    return packed.getvalue()


MAKERS = {"csv": as_csv, "ndjson": as_ndjson, "parquet": as_parquet}


@pytest.fixture
def give(people, tmp_path):
    """Import bytes, for a deployment that may be used; two others are there."""
    deployment(people, name="gpt-5-1")
    deployment(people, name="other", workload="policy-qa")

    def write_and_run(made, format, *options, **names):
        path = tmp_path / "calls"
        path.write_bytes(made)
        return run(path, format, *options, **names)

    return write_and_run


@pytest.mark.parametrize("format", MAKERS)
def test_every_column_arrives_and_what_is_not_said_is_null(give, format):
    assert give(MAKERS[format](CALLS), format).counts == [5, 5, 0, 0]
    full, throttled, server, client, filtered = UsageRecord.objects.order_by("ts")
    assert f"{full.ts:%H:%M:%S.%f}" == "08:00:00.123456"
    counts = {name for name in NAMES if name.endswith(("tokens", "_ms")) or name == "images"}
    assert {name: getattr(full, name) for name in counts} == {
        name: CALLS[0][name] for name in counts
    }
    assert (full.is_spillover, throttled.is_spillover, filtered.is_spillover) == (True, None, False)
    optional = counts - {"input_tokens", "output_tokens"}
    assert {getattr(throttled, name) for name in optional} == {None}
    assert [call.error_kind for call in (full, throttled, server, client, filtered)] == [
        None,
        ErrorKind.THROTTLED,
        ErrorKind.SERVER,
        ErrorKind.CLIENT,
        ErrorKind.CONTENT_FILTER,
    ]
    assert full.deployment_id != filtered.deployment_id
    assert full.workload_id != filtered.workload_id


def test_the_same_calls_in_another_encoding_count_once(give):
    calls = [call | {"ts": call["ts"].replace("1234567", "123456")} for call in CALLS]
    for format, make in MAKERS.items():
        counts = give(make(calls), format).counts
        assert counts == ([5, 5, 0, 0] if format == "csv" else [5, 0, 5, 0])
    assert UsageRecord.objects.count() == 5


def test_100_ns_tell_two_calls_apart(give):
    calls = [CALLS[0] | {"ts": f"{DAY}T10:00:00.123456{last}Z"} for last in (1, 2, 2)]
    assert give(as_csv(calls), "csv").counts == [3, 3, 0, 0]
    assert give(as_csv(calls[1:]), "csv").counts == [2, 0, 2, 0]
    assert UsageRecord.objects.values("ts").distinct().count() == 1


def test_an_end_user_is_stored_as_a_hash_with_the_portals_key(give, settings):
    give(as_csv(CALLS), "csv")
    first = bytes(UsageRecord.objects.order_by("ts")[0].end_user_hash)
    assert len(first) == 16
    assert UsageRecord.objects.filter(end_user_hash=None).count() == 4
    later = [call | {"ts": call["ts"].replace("T10", "T11")} for call in CALLS[:1]]
    give(as_csv(later), "csv")
    settings.SECRET_KEY = "another"  # noqa: S105
    latest = [call | {"ts": call["ts"].replace("T10", "T12")} for call in CALLS[:1]]
    give(as_csv(latest), "csv")
    hashes = [
        bytes(one.end_user_hash)
        for one in UsageRecord.objects.exclude(end_user_hash=None).order_by("ts")
    ]
    assert hashes[0] == hashes[1] == first != hashes[2]
    settings.SECRET_KEY = "yet another"  # noqa: S105
    assert give(as_csv(CALLS[:1]), "csv").counts == [1, 0, 1, 0]


@pytest.mark.parametrize(
    "change",
    [
        gzip.compress,
        lambda made: b"\xef\xbb\xbf" + made,
        lambda made: made.replace(b"\r\n", b"\n"),
        lambda made: made + b"\r\n\r\n",
        lambda made: gzip.compress(made[:70]) + gzip.compress(made[70:]),
    ],
    ids=["gzip", "a byte order mark", "Unix line ends", "blank lines", "two gzip members"],
)
def test_what_does_not_matter_changes_nothing(give, change):
    made = as_csv(CALLS)
    assert give(made, "csv").counts == [5, 5, 0, 0]
    assert give(change(made), "csv").counts == [5, 0, 5, 0]


def test_without_a_row_it_says_so_and_is_no_error(give):
    said = give(content("HEAD\n", "csv"), "csv")
    assert said.counts == [0, 0, 0, 0]
    assert said.out.endswith("There is no row in the file.\n")
    assert said.error == ""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("HEAD,ts\n", "The column “ts” is there twice."),
        (
            "ts,input_tokens\nGOOD\n",
            "The column “output_tokens” is missing. Needed: ts, input_tokens",
        ),
        (
            "ts;input_tokens;output_tokens\n",
            "The column “ts;input_tokens;output_tokens” is unknown.",
        ),
        ("HEAD\rGOOD\r", "The header: The quotes or line ends of this line do not match."),
        ('"ts,input_tokens\nGOOD\n', "The header: The quotes or line ends"),
        ("H\\xc4D\nGOOD\n", "The header: Byte 2 of this line is no UTF-8."),
    ],
)
def test_a_header_that_is_none_refuses_the_file(give, text, sentence):
    said = give(content(text, "csv"), "csv")
    assert said.error.startswith(sentence)
    assert said.error.endswith("Nothing was taken.")


def test_the_first_object_of_ndjson_is_its_header(give):
    unknown = b'{"ts": "x", "model": "gpt-5.1"}'
    good = as_ndjson(CALLS[1:2])
    assert give(unknown + b"\n" + good, "ndjson").error.startswith("The column “model” is unknown.")
    said = give(good + b"\n" + unknown, "ndjson")
    assert said.counts == [2, 1, 0, 1]
    assert said.refused[0][1].startswith("The column “model” is unknown.")


@pytest.mark.parametrize(
    "line",
    [
        b"[1, 2]",
        b"374",
        b"nonsense",
        b'{"ts": "2026',
        b'{"ts": "a", "ts": "b"}',
        b"[" * 9000,
        b'{"input_tokens": ' + b"9" * 5000 + b"}",
        b"\xff",
    ],
)
def test_a_line_that_is_no_object_is_refused_alone_even_the_first(give, line):
    good = as_ndjson(CALLS)
    said = give(line + b"\n" + good, "ndjson")
    assert said.counts == [6, 5, 0, 1]
    assert said.refused[0][0] == "1"


@pytest.mark.parametrize(
    "value", ["1.0", "-0", "1e3", "[]", "{}", "9" * 40, '"NaN"', "Infinity", "false"]
)
def test_nothing_but_a_whole_number_is_a_count(give, value):
    line = GOOD["ndjson"].replace("374", value)
    said = give(content(f"GOOD\n{line}\nGOOD\n", "ndjson"), "ndjson")
    assert said.counts == ([3, 3, 0, 0] if value == "-0" else [3, 2, 0, 1])


@pytest.mark.parametrize(
    "cell", [" 374", "374 ", "+374", "3_7_4", "0x10", "374.", "³", '"374,0"', "9" * 40]
)
def test_nothing_but_digits_is_a_count(give, cell):
    said = give(content(f"HEAD\nGOOD\nDAYT18:43:01Z,{cell},44\nGOOD\n", "csv"), "csv")
    assert said.counts == [3, 2, 0, 1]
    assert said.refused[0][1].startswith("input_tokens is “")


def test_one_bad_time_spoils_no_other(give):
    """Arrow reads a column as a whole or not at all."""
    rows = [f"{DAY}T18:43:{second:02}Z,1,1" for second in range(60)]
    for bad in (7, 31, 32):
        rows[bad] = f"{DAY}T18:43:{bad}X,1,1"
    said = give("\n".join(["ts,input_tokens,output_tokens", *rows]).encode(), "csv")
    assert said.counts == [60, 57, 0, 3]
    assert [line for line, *_ in said.refused] == ["9", "33", "34"]


def test_gzip_that_breaks_keeps_what_stood_before(give):
    rows = "".join(
        f"{DAY}T18:{n // 60:02}:{n % 60:02}Z,{n * 7919 % 1000},{n}\n" for n in range(3600)
    )
    packed = gzip.compress(f"ts,input_tokens,output_tokens\n{rows}".encode())
    said = give(packed[: len(packed) // 2], "csv")
    received, inserted, _, refused = said.counts
    assert 1000 < inserted < 2600
    assert (refused, received) == (1, inserted + 1)
    assert int(said.refused[0][0]) == inserted + 2
    whole = give(packed, "csv")
    assert whole.counts == [3600, 3600 - inserted, inserted, 0]
    rotten = packed[:-8] + bytes(8)
    assert "CRC check failed" in give(rotten, "csv").refused[0][1]


def test_parquet_with_a_broken_page_keeps_what_stood_before(give):
    rows = [
        {"ts": f"{DAY}T18:{n // 60:02}:{n % 60:02}Z", "input_tokens": n, "output_tokens": n * 7}
        for n in range(3600)
    ]
    made = bytearray(as_parquet(rows, row_group_size=600, compression="zstd"))
    middle = pq.ParquetFile(io.BytesIO(made)).metadata.row_group(3).column(1)
    start = middle.dictionary_page_offset or middle.data_page_offset
    made[start : start + middle.total_compressed_size] = b"\xee" * middle.total_compressed_size
    said = give(bytes(made), "parquet")
    received, inserted, _, refused = said.counts
    assert inserted == 1800
    assert (refused, received) == (1, inserted + 1)
    assert said.refused[0][1].startswith("The file breaks off here: its data cannot be read.")


def test_an_unknown_name_is_looked_up_once(give, django_assert_max_num_queries):
    calls = [CALLS[1] | {"workload": "nobody"} for _ in range(500)]
    with django_assert_max_num_queries(40):
        assert give(as_csv(calls), "csv").counts == [500, 0, 0, 500]


def test_a_shared_deployment_is_billed_to_who_called(give):
    grant(Resource.objects.get(name="gpt-5-1"), Workload.objects.get(slug="policy-qa"))
    calls = [CALLS[1], CALLS[1] | {"workload": "policy-qa"}]
    assert give(as_csv(calls), "csv").counts == [2, 2, 0, 0]
    assert UsageRecord.objects.values("workload_id").distinct().count() == 2
