"""Bad inputs, one by one: each has its sentence, and takes nothing with it that was good."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from apps.usage.models import UsageRecord
from apps.usage.selectors import differences, span
from tests.usage.batches import deployment
from tests.usage.calls import BEFORE, DAY, content, run

with Path(__file__).with_name("bad_inputs.csv").open(encoding="utf-8", newline="") as file:
    BAD = list(csv.DictReader(file))
GROUPS = {"type": 8, "range": 6, "time": 6, "encoding": 5, "size": 5, "id": 5, "broken": 5}


def test_there_are_forty_of_seven_groups():
    assert Counter(bad["group"] for bad in BAD) == GROUPS


@pytest.mark.django_db
@pytest.mark.parametrize("bad", BAD, ids=[f"{bad['group']}: {bad['what']}" for bad in BAD])
def test_a_bad_input_has_its_sentence(people, tmp_path, bad):
    resource = deployment(people, name="gpt-5-1")
    path = tmp_path / "calls"
    path.write_bytes(content(bad["content"], bad["format"], bad["steps"]))
    said = run(path, bad["format"])

    sentence = bad["sentence"].replace("resource:PK", resource.ref)
    sentence = sentence.replace("DAY", f"{DAY}").replace("BEFORE", f"{BEFORE}")
    taken = int(bad["taken"])
    if bad["line"]:
        ((line, reason, _),) = said.refused
        assert (line, reason.replace("\u00a0", " ")) == (bad["line"], sentence)
        received, inserted, duplicate, refused = said.counts
        assert (inserted, duplicate, refused, received) == (taken, 0, 1, taken + 1)
        assert "1\u00a0row was refused: see " in said.error
    else:
        assert said.error.replace("\u00a0", " ") == sentence
        assert said.refused == []
    assert UsageRecord.objects.count() == taken
    if taken:
        assert UsageRecord.objects.values_list(
            "input_tokens", "output_tokens"
        ).distinct().get() == (374, 44)
        assert differences(*span()) == []
