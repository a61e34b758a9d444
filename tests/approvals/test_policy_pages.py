"""The pages of the policies: read them, write them, compare, put them in force."""

import html
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from apps.approvals.models import PolicyVersion
from apps.approvals.selectors import policies, previews
from apps.approvals.selectors.previews import MOST
from apps.requests.models import ResourceRequest
from portal.demo import payload
from tests.requests.asks import Environment, Workload, plain, room, submitted, typed

pytestmark = pytest.mark.django_db
NOTE = "Security looks at what is confidential."
MORE = """
  - id: P-07
    name: Security decides on confidential data
    when: data_class == "confidential"
    steps:
      - label: Security
        who: security
"""
PAGE, CHECK, PUT = "/policies/", "/policies/check/", "/policies/put/"


@pytest.fixture
def text():
    return policies.default_text() + MORE


def page_of(response):
    return plain(" ".join(html.unescape(response.content.decode()).split()))


def put(client, text, *, seen=0, note=NOTE):
    return client.post(PUT, {"text": text, "seen": seen, "note": note})


def test_the_rules_in_force_stand_in_words(people, client_of):
    page = page_of(client_of(people.sami).get(PAGE))
    assert "The document that the portal comes with is in force." in page
    assert "Every rule that matches counts." in page
    assert "Finance decides above 2 000 USD a month" in page
    assert "<code>expected > 2000</code>" in page
    assert "Finance, stage 2: one yes of finance. Reminded after 24 h." in page
    assert "Makes the steps of P-01, P-05 and P-06 unneeded." in page
    assert "within 14 days expires" in page
    assert "Nobody has changed the policies yet" in page
    assert reverse("policies_edit") not in page


def test_groups_matches_and_people_stand_in_words(people, client_of):
    text = f"match: first\ngroups: {{board: [{people.audra.email}]}}\nrules:\n" + MORE.replace(
        "who: security",
        f"group: board\n        quorum: all\n        deadline: 2d\n"
        f"        escalate: {{people: [{people.sami.email}, {people.petra.email}]}}\n"
        f"        looks_at: [data_class]\n        distinct: true",
    )
    client = client_of(people.petra)
    assert put(client, text).status_code == 302
    page = page_of(client.get(PAGE))
    assert "Only the first rule that matches counts." in page
    assert f"<dt>board</dt> <dd> {people.audra.email} </dd>" in page
    assert "Security, stage 1: a yes of everybody of the group board." in page
    assert f"then {people.sami.email} or {people.petra.email} may decide too." in page
    assert "Whoever voted on another step does not decide here." in page
    assert "Asked again only where one of these changes: data_class." in page
    assert "without an end" in page


def test_check_shows_problems_at_their_lines(people, client_of, text):
    broken = text.replace("who: security", "who: securty").replace("match: all", "match: each")
    response = client_of(people.petra).post(CHECK, {"text": broken, "act": "check"})
    page = page_of(response)
    line = broken.splitlines().index("        who: securty") + 1
    assert "2 problems keep this from being put in force." in page
    assert '<a href="#L3">Line 3</a>: “match” cannot be “each”.' in page
    assert f'<a href="#L{line}">Line {line}</a>' in page
    assert f'<li id="L{line}" class="bad">' in page
    assert "who: securty" in page
    assert not PolicyVersion.objects.exists()


def test_check_says_that_nothing_is_wrong(people, client_of, text):
    page = page_of(client_of(people.petra).post(CHECK, {"text": text, "act": "check"}))
    assert "No problem found." in page


def test_a_broken_text_is_not_compared(people, client_of):
    page = page_of(client_of(people.petra).post(CHECK, {"text": "rules: {", "act": "review"}))
    assert "1 problem keeps this from being put in force." in page
    assert "Put it in force" not in page


def test_nothing_typed_is_a_document_with_a_problem(people, client_of):
    page = page_of(client_of(people.petra).post(CHECK, {}))
    assert "The document is empty" in page


def test_what_was_typed_comes_back_as_it_was_and_harmless(people, client_of):
    nasty = "# </textarea><script>alert(1)</script> \"' & é 🙂\nrules: []\n"
    response = client_of(people.petra).post(CHECK, {"text": nasty, "act": "check"})
    source = response.content.decode()
    assert "<script>alert" not in source
    inner = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", source, re.S)[1]
    assert html.unescape(inner) == nasty


def test_compare_shows_the_lines_and_what_requests_would_have_needed(people, client_of, text):
    room()
    small = submitted(people.alice, capacity=5, requests_per_day=100)
    submitted(people.alice)
    text = text.replace('data_class == "confidential"', "capacity > 100")
    page = page_of(client_of(people.petra).post(CHECK, {"text": text, "act": "review"}))
    assert "1 of the last 2 submitted requests, 0 of them approved at once, 0 denied." in page
    assert '<td data-l="In force">Platform, then Finance</td>' in page
    assert "Platform and Security, then Finance" in page
    assert f"REQ-{small.pk}," not in page
    assert '<td class="tx"> - id: P-07</td>' in page
    assert '<input type="hidden" name="seen" value="0">' in page


def test_compare_warns_of_what_would_be_approved_at_once_or_denied(people, client_of, text):
    room()
    submitted(people.alice, capacity=5, requests_per_day=100)
    submitted(people.alice, capacity=6, requests_per_day=100)
    waive = "\n  - {id: A-09, name: Small, when: capacity <= 5, waive: [P-01]}"
    deny = "\n  - {id: D-09, name: Odd, when: capacity == 6, deny: Take five.}\n"
    page = page_of(
        client_of(people.petra).post(CHECK, {"text": text + waive + deny, "act": "review"})
    )
    assert "2 of the last 2 submitted requests, 1 of them approved at once, 1 denied." in page
    assert "Approved at once by A-09" in page
    assert "Denied by D-09" in page


def test_compare_without_a_request_or_a_difference_says_so(people, client_of):
    client = client_of(people.petra)
    same = {"text": policies.default_text(), "act": "review"}
    page = page_of(client.post(CHECK, same))
    assert "Nothing was submitted yet" in page
    assert "Nothing differs" in page
    assert ">Put in force</button>" not in page
    room()
    submitted(people.alice)
    assert "Every one would have gone the same way" in page_of(client.post(CHECK, same))


def test_two_hundred_requests_are_compared_with_the_queries_of_one(
    people, client_of, text, monkeypatch
):
    monkeypatch.setattr(previews, "monotonic", lambda: 0)  # a busy machine looks at as many
    room()
    workload, prod = Workload.objects.get(slug="claims-triage"), Environment.objects.first()
    one = submitted(people.alice)
    client = client_of(people.petra)

    def asked():
        with CaptureQueriesContext(connection) as queries:
            page = page_of(client.post(CHECK, {"text": text, "act": "review"}))
        return page, [query["sql"] for query in queries]

    asked()
    _, alone = asked()
    ResourceRequest.objects.bulk_create(
        ResourceRequest(
            kind=one.kind,
            team=one.team,
            workload=workload,
            environment=prod,
            requester=people.alice,
            title="x",
            payload=payload("claims-triage", data_class="confidential"),
            payload_version=1,
            estimate=one.estimate,
            status="done",
            submitted_at=timezone.now(),
        )
        for _ in range(MOST + 5)
    )
    page, many = asked()
    assert f"{MOST} of the last {MOST} submitted requests" in page
    assert len(many) == len(alone), "\n".join(many)


def test_a_preview_that_takes_long_looks_at_fewer(people, monkeypatch):
    room()
    for capacity in (5, 6, 7):
        submitted(people.alice, capacity=capacity, requests_per_day=100)
    monkeypatch.setattr(previews, "monotonic", iter([0, 0.1, 0.9]).__next__)
    found = previews.preview(people.petra, policies.in_force(), policies.in_force())
    assert found.looked_at == 1


def test_edit_on_takes_the_text_back_to_the_editor(people, client_of, text):
    page = page_of(client_of(people.petra).post(CHECK, {"text": text, "act": "edit"}))
    assert "id: P-07" in page
    assert "Compare and preview" in page


def test_put_in_force_shows_on_the_page_and_in_the_history(people, client_of, text):
    client = client_of(people.petra)
    response = client.post(PUT, {"text": text, "seen": 0, "note": NOTE}, follow=True)
    page = page_of(response)
    assert "Version 1 of the approval policies is in force." in page
    assert f"by Petra Novak: {NOTE}" in page
    assert "Security decides on confidential data" in page
    assert '<a href="/policies/1/">Version 1</a> <small>in force</small>' in page


@pytest.mark.parametrize("note", ["", "short"])
def test_without_a_note_the_comparison_comes_back(people, client_of, text, note):
    response = put(client_of(people.petra), text, note=note)
    assert response.status_code == 422
    page = page_of(response)
    assert "Say in 10 to 300 characters what changes and why." in page
    assert "id: P-07" in page
    assert not PolicyVersion.objects.exists()


def test_a_text_that_was_changed_on_the_way_is_checked_again(people, client_of, text):
    response = put(client_of(people.petra), text.replace("who: security", "who: me"))
    assert response.status_code == 422
    assert "“who” cannot be “me”." in page_of(response)
    assert not PolicyVersion.objects.exists()


@pytest.mark.parametrize("seen", ["", "-1", "x", "9" * 40, "²"])
def test_a_number_that_nobody_saw_is_overtaken(people, client_of, text, seen):
    response = put(client_of(people.petra), text, seen=seen)
    assert response.status_code == 409
    assert not PolicyVersion.objects.exists()


def test_who_was_overtaken_compares_with_the_newer_one_and_keeps_the_text(people, client_of, text):
    client = client_of(people.petra)
    put(client, text)
    response = put(client, text + "# mine\n")
    assert response.status_code == 409
    page = page_of(response)
    assert "Petra Novak put version 1 in force" in page
    assert '<td class="tx"># mine</td>' in page
    assert '<input type="hidden" name="seen" value="1">' in page
    assert put(client, text + "# mine\n", seen=1).status_code == 302


def test_a_version_shows_what_it_changed_and_comes_back_through_the_editor(people, client_of, text):
    client = client_of(people.petra)
    put(client, text)
    put(client, text.replace("P-07", "P-08"), seen=1)
    page = page_of(client.get("/policies/2/"))
    assert "What changed against version 1" in page
    assert "It is in force." in page
    assert "?from=2" not in page
    old = page_of(client.get("/policies/1/"))
    assert "the document that the portal comes with" in old
    assert "/policies/edit/?from=1" in old
    assert "id: P-07" in page_of(client.get("/policies/edit/?from=1"))
    assert "id: P-08" in page_of(client.get("/policies/edit/"))
    assert "id: P-08" in page_of(client.get("/policies/edit/?from=x"))
    assert client.get("/policies/edit/?from=77").status_code == 404


def test_texts_and_history_are_files(people, client_of, text):
    client = client_of(people.petra)
    put(client, text, note="=cmd() is no note to trust")
    response = client.get("/policies/1/text/")
    assert response.content.decode() == text
    assert response["Content-Disposition"] == 'attachment; filename="policies-1.yaml"'
    assert response["Content-Type"].startswith("text/plain")
    rows = b"".join(client.get("/policies/versions.csv")).decode().splitlines()
    assert len(rows) == 2
    assert rows[1].startswith("1,")
    assert "Petra Novak,'=cmd() is no note to trust,True" in rows[1]


def test_a_document_in_force_that_cannot_be_read_can_be_replaced(people, client_of, text):
    PolicyVersion.objects.create(number=1, text="rules: {", note="x", active=True)
    client = client_of(people.petra)
    assert "cannot be read any more" in page_of(client.get(PAGE))
    page = page_of(client.post(CHECK, {"text": text, "act": "review"}))
    assert "cannot be read any more" in page
    assert put(client, text, seen=1).status_code == 302
    assert "P-07" in page_of(client.get(PAGE))


def test_the_form_says_who_would_decide_what_is_waived_and_what_is_denied(people, client_of, text):
    room()
    text = text.replace('data_class == "confidential"', "capacity > 9000")
    waive = "\n  - {id: A-09, name: Small, when: capacity <= 5, waive: [P-01]}"
    deny = "\n  - {id: D-09, name: Odd numbers, when: capacity == 6, deny: Take five.}\n"
    put(client_of(people.petra), text + waive + deny)
    client, form = client_of(people.alice), reverse("request_form", args=["model_deployment"])

    def side(**changes):
        return page_of(client.post(form, typed(**changes)))

    small = side(capacity=5)
    assert "A-09 Platform<small>Small, as the capacity is 5, up to 5</small>" in small
    odd = side(capacity=6)
    assert "D-09 denies it" in odd
    assert "Odd numbers, as the capacity is 6, exactly 6. Take five." in odd
    plenty = side()
    assert "P-01 Platform<small>The platform always decides</small>" in plenty
    assert "P-07 Security" in plenty
    assert "not needed, as the capacity is 500, up to 9 000" in plenty


def test_a_form_that_is_not_filled_in_yet_says_nothing_of_the_cost(people, client_of):
    page = page_of(client_of(people.alice).get("/requests/new/model_deployment/"))
    assert "P-05 Finance<small>Finance decides above 2 000 USD a month</small>" in page
    assert "no price is known" not in page
