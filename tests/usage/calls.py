"""Usage files as people would send them, and what the command says of them."""

import codecs
import csv
import gzip
import io
import json
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
from django.core.management import CommandError, call_command

NOW = datetime.now(UTC)
DAY = (NOW - timedelta(days=2)).date()  # of the good rows
BEFORE = DAY - timedelta(days=90)  # before the grant of tests.usage.batches.deployment
HEADS = {
    "azure-llm-trace": "TIMESTAMP,ContextTokens,GeneratedTokens",
    "csv": "ts,input_tokens,output_tokens",
}
GOOD = {
    "azure-llm-trace": "DAY 18:43:00.1234567,374,44",
    "csv": "DAYT18:43:00Z,374,44",
    "ndjson": '{"ts": "DAYT18:43:00Z", "input_tokens": 374, "output_tokens": 44}',
}
GOOD["parquet"] = GOOD["ndjson"]
TYPES = {
    "utc": pa.timestamp("us", "UTC"),
    "local": pa.timestamp("us"),
    "int": pa.int64(),
    "double": pa.float64(),
    "text": pa.string(),
    "flag": pa.bool_(),
}


def midnight(day):
    """Return the beginning of a UTC day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def content(text, format, steps=""):
    """Make a file's bytes: HEAD, GOOD, DAY, BEFORE and byte escapes in `text`, then the steps."""
    words = {"HEAD": HEADS.get(format, ""), "GOOD": GOOD[format], "DAY": f"{DAY}"}
    for word, meant in {**words, "BEFORE": f"{BEFORE}"}.items():
        text = text.replace(word, meant)
    made = codecs.escape_decode(text.encode())[0]
    for step in steps.split():
        name, _, argument = step.partition(":")
        made = STEPS[name](made, argument)
    return made


def _zip(made, _):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("calls.csv", made)
    return packed.getvalue()


def _parquet(made, argument):
    schema = {name: TYPES[kind] for name, kind in (one.split("=") for one in argument.split(","))}
    rows = [json.loads(line) for line in made.decode().splitlines()]
    columns = {}
    for name, kind in schema.items():
        values = [row.get(name) for row in rows]
        if pa.types.is_timestamp(kind):
            values = [datetime.fromisoformat(value) for value in values]
        columns[name] = pa.array(values, kind)
    packed = io.BytesIO()
    pq.write_table(pa.table(columns), packed)
    return packed.getvalue()


STEPS = {
    "fill": lambda made, size: made.replace(b"FILL", b"x" * int(size)),
    "utf-16": lambda made, _: made.decode().encode("utf-16"),
    "gzip": lambda made, _: gzip.compress(made),
    "zstd": lambda made, _: pa.compress(made, codec="zstd", asbytes=True),
    "zip": _zip,
    "cut": lambda made, size: made[: -int(size)],
    "parquet": _parquet,
}


@dataclass
class Said:
    """What the command printed, refused and wrote aside."""

    out: str
    error: str
    refused: list[list[str]]

    def count(self, name):
        line = next(line for line in self.out.splitlines() if line.startswith(name))
        return int(line.removeprefix(name).replace("\u00a0", ""))

    @property
    def counts(self):
        return [self.count(name) for name in ("received", "inserted", "duplicate", "refused")]


def run(path, format, *options, workload="claims-triage", deployment="gpt-5-1"):
    """Run the command on a file; refused rows go beside it."""
    out, error, aside = io.StringIO(), "", path.with_name("refused.csv")
    named = [f"--workload={workload}", f"--deployment={deployment}", f"--refused={aside}"]
    try:
        call_command("import_usage", path, f"--format={format}", *named, *options, stdout=out)
    except CommandError as refusal:
        error = str(refusal)
    refused = []
    if aside.exists():
        with aside.open(newline="", encoding="utf-8") as file:
            refused = list(csv.reader(file))[1:]
    return Said(out.getvalue(), error, refused)
