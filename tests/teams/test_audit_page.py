"""The audit page shows each reader the entries of their scopes, and no others."""

import csv
import io

import pytest
from django.urls import reverse

from apps.kernel import audit
from apps.kernel.actors import SYSTEM
from apps.teams import selectors
from apps.teams.roles import Role
from tests.teams.organisation import Organisation, person

pytestmark = pytest.mark.django_db
NAMES = ("claims", "underwriting", "ended", "fraud", "insurance", "platform")
SEES = {
    #                             claims underwriting ended fraud insurance platform
    ("team_lead", "claims"):        "x   .   .   .   .   .",
    ("team_lead", "ended"):         ".   .   .   .   .   .",
    ("team_lead", "insurance"):     "x   x   x   .   x   .",
    ("auditor", "insurance"):       "x   x   x   .   x   .",
    ("auditor", "retail"):          ".   .   .   x   .   .",
    ("auditor", "ended"):           ".   .   x   .   .   .",
    ("auditor", "platform"):        "x   x   x   x   x   x",
    ("security", "platform"):       "x   x   x   x   x   x",
    ("platform_admin", "platform"): "x   x   x   x   x   x",
    ("requester", "claims"):        ".   .   .   .   .   .",
    ("approver", "platform"):       ".   .   .   .   .   .",
    ("finance", "platform"):        ".   .   .   .   .   .",
}  # fmt: skip


@pytest.fixture
def org():
    made = Organisation()
    for name in NAMES:
        scope = "" if name == "platform" else getattr(made, name).scope
        note = "Too little use <b>yet</b>" if name == "claims" else ""
        audit.record(
            subject=f"request:{NAMES.index(name)}",
            subject_name=f"The one of {name}",
            verb="approved",
            scope=scope,
            before={"status": "in_review", "kept": 1, "dropped": 2},
            after={"status": "approved", "kept": 1, "added": 3},
            note=note,
            by=SYSTEM,
        )
    return made


@pytest.mark.parametrize(("held", "cells"), SEES.items())
def test_who_sees_which_entries(org, held, cells):
    role, scope = held
    reader = person(Role(role), None if scope == "platform" else getattr(org, scope))
    trail = selectors.audit_trail(reader, text="The one of")
    seen = set(trail.values_list("subject_name", flat=True))
    wanted = {
        f"The one of {name}" for name, cell in zip(NAMES, cells.split(), strict=True) if cell == "x"
    }
    assert seen == wanted


def test_a_unit_with_a_longer_number_is_another_unit(org):
    """bu:1 does not read bu:11."""
    audit.record(subject="x", verb="approved", scope=f"{org.insurance.scope}1/team:9", by=SYSTEM)
    assert not selectors.audit_trail(person(Role.AUDITOR, org.insurance), subject="x").exists()


@pytest.mark.parametrize("page", ["audit", "audit_csv"])
@pytest.mark.parametrize("role", [Role.REQUESTER, Role.APPROVER, Role.FINANCE])
def test_others_are_told_who_may(org, client_of, page, role):
    response = client_of(person(role)).get(reverse(page))
    assert response.status_code == 403


def test_a_stranger_is_sent_to_sign_in(client):
    assert client.get(reverse("audit"))["Location"].startswith(reverse("account_login"))


def test_the_page_shows_before_and_after(org, client_of):
    html = (
        client_of(person(Role.AUDITOR)).get(reverse("audit"), {"verb": "approved"}).content.decode()
    )
    assert html.count("<details>") == 6
    assert "&lt;b&gt;yet" in html
    for part in ("<s>in_review</s>", "<ins>approved</ins>", "<s>2</s>", "<ins>3</ins>"):
        assert part in html


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("subject=request:3", 1),
        ("text=one+of+claims", 1),
        ("text=too+little", 1),
        ("verb=approve", 6),
        ("verb=approve&actor=system", 6),
        ("verb=approve&actor=portal", 6),
        ("actor=nobody", 0),
        ("subject=request:3&text=claims", 0),
    ],
)
def test_filters(org, client_of, query, found):
    page = client_of(person(Role.AUDITOR)).get(f"{reverse('audit')}?{query}")
    assert len(page.context["rows"]) == found


def test_a_move_is_named_in_words_and_found_by_them(org, client_of):
    audit.record(subject="request:9", subject_name="REQ-9", verb="in_review", by=SYSTEM)
    page = client_of(person(Role.AUDITOR)).get(reverse("audit") + "?verb=in review")
    shown = page.content.decode()
    assert "REQ-9" in shown
    assert ">in review<" in shown


def test_older_entries_are_on_further_pages_and_cost_the_same(
    org, client_of, django_assert_max_num_queries
):
    for number in range(100):
        audit.record(subject=f"job:{number}", verb="approved", by=SYSTEM)
    client, seen, cursor = client_of(person(Role.AUDITOR)), [], ""
    while cursor is not None:
        with django_assert_max_num_queries(8):
            page = client.get(reverse("audit"), {"cursor": cursor, "verb": "approved"})
        seen += [row.entry.pk for row in page.context["rows"]]
        cursor = page.context["page"].older or None
    assert len(seen) == 106
    assert seen == sorted(seen, reverse=True)


def test_the_export_holds_all_filtered_rows_and_no_formulas(org, client_of):
    audit.record(subject="job:1", verb="done", note="=HYPERLINK(1)", by=SYSTEM)
    response = client_of(person(Role.AUDITOR, org.insurance)).get(reverse("audit_csv"))
    rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))
    assert [row["subject"] for row in rows] == ["request:0", "request:1", "request:2", "request:4"]
    everything = client_of(person(Role.AUDITOR)).get(reverse("audit_csv"), {"verb": "done"})
    (row,) = csv.DictReader(io.StringIO(b"".join(everything.streaming_content).decode()))
    assert row["note"] == "'=HYPERLINK(1)"
