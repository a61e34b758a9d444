"""The registry explains itself."""

import pytest

from apps.kernel.registry import Registry


def test_a_second_of_the_same_name_is_refused():
    kinds = Registry("request kind")
    kinds.register("a", 1)
    with pytest.raises(ValueError, match="already a request kind named 'a'"):
        kinds.register("a", 2)


def test_a_missing_one_names_those_that_exist():
    kinds = Registry("request kind")
    kinds.register("b", 1)
    with pytest.raises(LookupError, match=r"No request kind 'x'; there are: b\."):
        kinds.get("x")
    assert list(kinds) == ["b"]
    assert "b" in kinds
