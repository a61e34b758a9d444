"""Exports: every row, and nothing that a spreadsheet would run."""

import csv
import io

import pytest

from apps.kernel.exports import csv_response


def read_back(response):
    text = b"".join(response.streaming_content).decode()
    return list(csv.reader(io.StringIO(text, newline="")))


def test_rows_come_as_they_are():
    rows = [["a,b", 'say "hi"', 7], ["two\nlines", None, "ü"]]
    response = csv_response("x.csv", header=("one", "two", "three"), rows=rows)
    assert response["Content-Disposition"] == 'attachment; filename="x.csv"'
    assert read_back(response) == [
        ["one", "two", "three"],
        ["a,b", 'say "hi"', "7"],
        ["two\nlines", "", "ü"],
    ]


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_is_a_formula(first):
    cell = f"{first}HYPERLINK(1)"
    _, row = read_back(csv_response("x.csv", header=["one"], rows=[[cell]]))
    assert row == [f"'{cell}"]
