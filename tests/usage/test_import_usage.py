"""What the command prints, writes aside and adopts."""

import gzip
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from apps.access.models import Grant
from apps.kernel.models import AuditEntry
from apps.teams.models import Workload
from apps.usage.models import UsageRecord
from apps.usage.states import Counts
from tests.usage.batches import deployment, events, grant, send
from tests.usage.calls import DAY, content, midnight, run

pytestmark = pytest.mark.django_db
BAD = "HEAD,end_user\nGOOD,\n=1+1,374,44,\nGOOD,\n"


@pytest.fixture
def resource(people):
    return deployment(people, name="gpt-5-1")


@pytest.fixture
def calls(tmp_path):
    """Write a CSV file of calls at noon of some days before DAY."""

    def write(*days_before, times=1):
        path = tmp_path / "calls.csv"
        rows = [f"{DAY - timedelta(days=n)}T12:00:00Z,374,44" for n in days_before] * times
        path.write_text("\n".join(["ts,input_tokens,output_tokens", *rows]))
        return path

    return write


def test_the_counts_stand_under_each_other(resource, calls):
    said = run(calls(0, times=1_200), "csv")
    assert said.out.splitlines() == [
        "received   1\u00a0200",
        "inserted   1\u00a0200",
        "duplicate      0",
        "refused        0",
    ]
    assert not calls(0).with_name("refused.csv").exists()


def test_refused_rows_are_written_beside_where_one_stands(resource, tmp_path, monkeypatch):
    path = tmp_path / "in" / "calls.csv"
    path.parent.mkdir()
    path.write_bytes(content(BAD, "csv"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        CommandError, match=f"1\u00a0row was refused: see {tmp_path}/calls.csv.refused.csv"
    ):
        call_command(
            "import_usage", path, format="csv", workload="claims-triage", deployment="gpt-5-1"
        )
    assert (tmp_path / "calls.csv.refused.csv").read_text().splitlines() == [
        "line,reason,text",
        '3,"ts is “=1+1”. A time with its zone, such as 2026-11-16T18:43:00Z, would pass.",'
        '"\'=1+1,374,44,"',
    ]


def test_what_is_refused_no_more_is_not_left_behind(resource, calls):
    path = calls(0)
    good = path.read_text()
    path.write_text(good.replace("374", "many"))
    assert run(path, "csv").refused
    path.write_text(good)
    assert run(path, "csv").refused == []
    assert not path.with_name("refused.csv").exists()


def test_the_file_itself_is_never_written_over(resource, calls):
    path = calls(0)
    before = path.read_bytes()
    link = path.with_name("refused.csv")
    link.symlink_to(path)
    assert "is what is to be read" in run(path, "csv").error
    assert path.read_bytes() == before
    assert not UsageRecord.objects.exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--shift-days=40000"], "40\u00a0000\u00a0days is too far to shift."),
        (["--source=my gateway"], "“my gateway” is no source."),
        ([f"--source={'x' * 41}"], f"“{'x' * 41}” is no source."),
    ],
)
def test_options_that_cannot_be(resource, calls, options, sentence):
    assert run(calls(0), "csv", *options).error.startswith(sentence)
    assert not UsageRecord.objects.exists()


def test_files_that_cannot_be_read(resource, tmp_path):
    assert run(tmp_path / "none.csv", "csv").error == (
        f"{tmp_path}/none.csv cannot be read: No such file or directory. Nothing was taken."
    )
    assert "Is a directory" in run(tmp_path, "parquet").error


def test_a_shift_names_itself_in_refusals(resource, calls):
    (refused,) = run(calls(0), "csv", "--shift-days=10").refused
    assert ", shifted by 10\u00a0days: more than 5 minutes in the future." in refused[1]


def test_what_another_source_bills_is_evidence(resource, calls):
    send(events(resource, [midnight(DAY)]), source="gateway")
    said = run(calls(0, times=2), "csv")
    assert said.counts == [2, 2, 0, 0]
    assert "2\u00a0rows are evidence and in no total" in said.out
    assert UsageRecord.objects.filter(role=Counts.EVIDENCE).count() == 2
    assert "evidence" not in run(calls(0, times=2), "csv").out


def test_without_a_grant_rows_are_refused_until_one_is_adopted(resource, calls):
    Grant.objects.all().delete()
    path = calls(3, 2, 1)
    assert run(path, "csv").counts == [3, 0, 0, 3]
    assert not Grant.objects.exists()
    said = run(path, "csv", "--adopt")
    assert said.counts == [3, 3, 0, 0]
    assert "Adopted: " in said.out
    adopted = Grant.objects.get()
    noon = timedelta(hours=12)
    assert adopted.from_at == midnight(DAY) - timedelta(days=3) + noon
    assert adopted.to_at == midnight(DAY) - timedelta(days=1) + noon + timedelta(microseconds=1)
    entry = AuditEntry.objects.get(verb="access adopted")
    assert (entry.actor, entry.subject) == ("system", resource.ref)
    assert run(path, "csv", "--adopt").counts == [3, 0, 3, 0]
    assert Grant.objects.count() == 1


def test_adopted_grants_fill_the_gaps_around_the_one_there_is(resource, calls):
    Grant.objects.all().delete()
    start = midnight(DAY) - timedelta(days=1)
    held = grant(resource, resource.workload, from_at=start, to_at=start + timedelta(hours=20))
    path = calls(3, 2, 1, 0)
    assert run(path, "csv", "--adopt").counts == [4, 4, 0, 0]
    before, after = Grant.objects.exclude(pk=held.pk).order_by("from_at")
    assert (before.to_at, after.from_at) == (held.from_at, held.to_at)


def test_nothing_is_adopted_for_rows_that_are_kept_no_more(resource, calls, settings):
    Grant.objects.all().delete()
    path = calls(settings.USAGE_RAW_DAYS + 1)
    assert run(path, "csv", "--adopt").counts == [1, 0, 0, 1]
    assert not Grant.objects.exists()


def test_each_pair_adopts_for_itself(resource, people, tmp_path):
    deployment(people, name="other", workload="policy-qa")
    Grant.objects.all().delete()
    path = tmp_path / "calls.csv"
    path.write_bytes(
        content("HEAD,workload,deployment\nGOOD,,\nGOOD,policy-qa,other\nGOOD,policy-qa,\n", "csv")
    )
    assert run(path, "csv", "--adopt").counts == [3, 3, 0, 0]
    assert Grant.objects.count() == 3


def test_a_refused_file_adopts_nothing(resource, tmp_path):
    Grant.objects.all().delete()
    path = tmp_path / "calls.csv.gz"
    path.write_bytes(gzip.compress(content("HEAD,model\nGOOD,x\n", "csv")))
    assert "“model” is unknown" in run(path, "csv", "--adopt").error
    assert not Grant.objects.exists()
    assert Workload.objects.exists()
