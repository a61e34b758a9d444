"""Azure's meter names: a table of what each says, and of what is refused."""

import pytest

from apps.catalog.collectors.retail import Meter, RefusedError, read_meter, read_prices

READ = """
GPT 5.1 inp Gl 1M Tokens | gpt-5.1 |  | GlobalStandard | input
GPT 5.1 cd inp Gl 1M Tokens | gpt-5.1 |  | GlobalStandard | cached_input
GPT 5.1 opt Dz 1M Tokens | gpt-5.1 |  | DataZoneStandard | output
GPT 5.1 Batch cd inp Dz 1M Tokens | gpt-5.1 |  | DataZoneBatch | cached_input
GPT 5.1 chat opt Gl 1M Tokens | gpt-5.1-chat |  | GlobalStandard | output
5.1 codex mini cd inp Gl 1M Tokens | gpt-5.1-codex-mini |  | GlobalStandard | cached_input
5.1 codex opt Dz 1M Tokens | gpt-5.1-codex |  | DataZoneStandard | output
GPT 5 Rsng Batch Inpt cchd Dzone 1M Tokens | gpt-5 |  | DataZoneBatch | cached_input
GPT 5 Chat outpt Glbl 1M Tokens | gpt-5-chat |  | GlobalStandard | output
gpt-5-codex-ccchd-inp-dzone Tokens | gpt-5-codex |  | DataZoneStandard | cached_input
gpt 5 pro batch out glbl Tokens | gpt-5-pro |  | GlobalBatch | output
gpt 4.1 mini Batch Outp DZone Tokens | gpt-4.1-mini |  | DataZoneBatch | output
gpt 4.1 nano cached Inp regnl Tokens | gpt-4.1-nano |  | Standard | cached_input
gpt 4.1 Inp Data Zone Tokens | gpt-4.1 |  | DataZoneStandard | input
gpt 4o 0513 Input global Tokens | gpt-4o | 0513 | GlobalStandard | input
gpt-4o-0806-Batch-Outp-glbl Tokens | gpt-4o | 0806 | GlobalBatch | output
gpt 4o 1120 Outp regnl Tokens | gpt-4o | 1120 | Standard | output
gpt 4o mini0718 BatchOutp DataZone Tokens | gpt-4o-mini | 0718 | DataZoneBatch | output
o4-mini 0416 cached Inp DataZone Tokens | o4-mini | 0416 | DataZoneStandard | cached_input
o3-deep research 0626-inp-glbl 1M Tokens | o3-deep-research | 0626 | GlobalStandard | input
o1 Batch Inp Data Zone Tokens | o1 |  | DataZoneBatch | input
codex mini inp cchd rgnl Tokens | codex-mini |  | Standard | cached_input
computer-use-outp-datazone Tokens | computer-use-preview |  | DataZoneStandard | output
embedding-ada-regional Tokens | text-embedding-ada-002 |  | Standard | input
text-embedding-3-large-glbl Tokens | text-embedding-3-large |  | GlobalStandard | input
gpt rt txt 0828 cchd Inp DZn Tokens | gpt-realtime | 0828 | DataZoneStandard | cached_input
gpt rt aud mini Outp glbl Tokens | gpt-realtime-mini |  | GlobalStandard | audio_output
gpt rt img 0828 cchd Inp glbl Tokens | gpt-realtime | 0828 | GlobalStandard | cached_image_input
gpt aud 0828 Inp glbl Tokens | gpt-audio | 0828 | GlobalStandard | audio_input
gpt aud 0828 txt Inp glbl Tokens | gpt-audio | 0828 | GlobalStandard | input
gpt-image-1-inp-cached-img-dzone Tokens | gpt-image-1 |  | DataZoneStandard | cached_image_input
gpt-4o-mini-tts-aud-out-glbl Tokens | gpt-4o-mini-tts |  | GlobalStandard | audio_output
gpt 4o tcrb d txt out dz Tokens | gpt-4o-transcribe-diarize |  | DataZoneStandard | output
"""


@pytest.mark.parametrize("line", READ.strip().splitlines())
def test_a_meter_name_is_read(line: str) -> None:
    name, *said = (part.strip() for part in line.split("|"))
    assert read_meter(name) == Meter(*said)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gpt-4.1-ft input global Tokens", "fine-tuning"),
        ("o1 model ft grader input Tokens", "fine-tuning"),
        ("gpt 41 mn pp inp glb Tokens", "priority"),
        ("gpt 41 prty out dzone Tokens", "priority"),
        ("gpt-4-8K-Input-regional Tokens", "table of stems"),
        ("gpt 9 inp glbl Tokens", "table of stems"),
        ("gpt 5.1 inp Tokens", "one scope"),
        ("gpt 5.1 inp opt glbl Tokens", "one scope"),
        ("gpt 5.1 Batch inp regnl Tokens", "one scope"),
    ],
)
def test_a_name_that_says_something_else_is_refused(name: str, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        read_meter(name)


def meter(**changed: str) -> dict[str, str]:
    """Return a raw row of the API."""
    return {
        "meterName": "GPT 5.1 inp Gl 1M Tokens",
        "unitOfMeasure": "1M",
        "retailPrice": "1.25",
        "currencyCode": "USD",
        "type": "Consumption",
        "armRegionName": "swedencentral",
        "effectiveStartDate": "2025-11-01T00:00:00Z",
    } | changed


VERSIONS = {"gpt-5.1": {"2025-11-13"}, "o1": {"2024-12-17"}, "gpt-4o": {"2024-05-13", "2024-11-20"}}


def read(*raw: dict[str, str]) -> list[tuple[str, str, str]]:
    """Return version, price and meter of the rows that are prices."""
    found = read_prices(raw, VERSIONS, {"swedencentral"}).rows
    return [
        (row["version"], row["usd_per_1m"] or row["usd_per_ptu_hour"], row["meter"])
        for row in found
    ]


def test_units_are_brought_to_one_million() -> None:
    thousand = meter(
        meterName="gpt 4o 1120 Inp glbl Tokens", unitOfMeasure="1K", retailPrice="8e-05"
    )
    assert read(meter())[0][1] == "1.25"
    assert read(thousand)[0][:2] == ("2024-11-20", "0.08")


@pytest.mark.parametrize("unit", ["1", "100", "1 Hour", "1/Month", "10K", ""])
def test_an_unknown_unit_is_refused(unit: str) -> None:
    prices = read_prices([meter(unitOfMeasure=unit)], VERSIONS, {"swedencentral"})
    assert prices.rows == []
    assert sum(prices.refused.values()) == 1


def test_a_million_characters_are_not_a_million_tokens() -> None:
    assert read(meter(meterName="Speech-Text to Speech-global Characters")) == []


def test_the_dated_meter_counts_before_the_undated_one() -> None:
    undated = meter(meterName="o1 Batch Inp glbl Tokens", unitOfMeasure="1K", retailPrice="0.009")
    dated = meter(
        meterName="o1 1217 Batch Inp glbl Tokens", unitOfMeasure="1K", retailPrice="0.0075"
    )
    assert read(undated, dated) == [("", "7.5", "o1 1217 Batch Inp glbl Tokens")]


def test_two_prices_for_the_same_thing_stop_the_import() -> None:
    with pytest.raises(ValueError, match="differently"):
        read(meter(), meter(retailPrice="1.30"))


def test_a_version_nobody_knows_has_no_price() -> None:
    assert read(meter(meterName="gpt 4o 0806 Inp glbl Tokens")) == []


def test_ptu_hours_belong_to_every_model() -> None:
    raw = meter(
        meterName="Provisioned Managed Global Unit", unitOfMeasure="1/Hour", retailPrice="1.0"
    )
    assert read(raw) == [("", "1", "Provisioned Managed Global Unit")]
