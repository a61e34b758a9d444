"""What the address of the explorer may ask for, and the sentence for what it may not."""

import pytest
from django.http import QueryDict
from django.utils import timezone

from apps.kernel.errors import InvalidError
from apps.usage import selectors as usage
from apps.usage.protocols import MOST_MS


@pytest.mark.parametrize(("text", "ms"), [("", None), ("0", 0), (str(MOST_MS), MOST_MS)])
def test_milliseconds_are_a_whole_number_of_a_day_at_most(text, ms):
    assert usage.Asked.read(QueryDict(f"slower_ms={text}"), timezone.now()).slower_ms == ms


@pytest.mark.parametrize(
    "text",
    [
        *(str(MOST_MS + 1), "-1", "1.5", "fast", "²"),
        "000000000001" + "9" * 9,  # zeros first: beyond what a column of integers compares with
        "9" * 6000,
    ],
)
def test_what_are_no_milliseconds_is_said_in_a_sentence(text):
    with pytest.raises(InvalidError) as refused:
        usage.Asked.read(QueryDict(f"slower_ms={text}"), timezone.now())
    assert "a whole number would pass" in str(refused.value)
    assert refused.value.fields == {"slower_ms": f"0 to {MOST_MS}."}
