"""The pages of a request: form, list, one request, kept up to date."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.approvals import services as approvals
from apps.requests import services
from apps.requests.models import ResourceRequest
from apps.teams.models import Environment, Workload
from tests.requests.asks import draft, plain, room, submitted, typed

pytestmark = pytest.mark.django_db
NEW = "/requests/new/model_deployment/"
FORM = "/requests/new/model_deployment/form/"
CHEAP = {"capacity": 100, "requests_per_day": 100}


def text_of(response):
    return plain(response.content.decode())


def many(people, count, *, status="done"):
    workload = Workload.objects.get(slug="claims-triage")
    ResourceRequest.objects.bulk_create(
        ResourceRequest(
            kind="model_deployment",
            team=workload.team,
            workload=workload,
            environment=Environment.objects.get(slug="prod"),
            requester=people.alice,
            title=f"gpt-5.1 number {n}",
            payload={**typed(), "capacity": 10},
            payload_version=1,
            status=status,
            submitted_at=timezone.now(),
        )
        for n in range(count)
    )


class TestForm:
    def test_it_is_prefilled_by_its_address_and_saves_nothing(self, people, client_of):
        room()
        page = text_of(
            client_of(people.alice).get(
                f"{NEW}?model=gpt-5.1&version=2025-11-13&sku=GlobalStandard&region=swedencentral"
                "&nonsense=1&capacity=250"
            )
        )
        assert re.search(r'<option value="gpt-5.1"\s+selected', page)
        assert 'value="250"' in page
        assert not ResourceRequest.objects.exists()

    def test_only_choice_is_chosen_and_the_newest_version_too(self, people, client_of):
        room()
        page = text_of(client_of(people.charlie).get(f"{NEW}?model=gpt-5.1"))
        assert re.search(r"selected\s*>fraud-notes<", page)
        assert re.search(r'<option value="2025-11-13"\s+selected', page)

    def test_each_change_saves_and_draws_the_estimate(self, people, client_of):
        room()
        client = client_of(people.alice)
        response = client.post(FORM, typed(), headers={"HX-Request": "true"})
        row = ResourceRequest.objects.get()
        assert response["HX-Replace-Url"] == reverse("request_edit", args=[row.pk])
        page = text_of(response)
        assert "<html" not in page
        assert f'name="request" value="{row.pk}"' in page
        assert "2 161.86" in page
        assert "366 requests / min" in page
        assert "P-05 Finance" in page
        assert "<span>K TPM</span>" in page
        client.post(FORM, {**typed(purpose="other"), "request": row.pk})
        row.refresh_from_db()
        assert row.payload["purpose"] == "other"
        assert ResourceRequest.objects.count() == 1

    def test_untouched_fields_have_no_errors_touched_ones_do(self, people, client_of):
        room()
        page = text_of(client_of(people.alice).post(FORM, {"capacity": "lots"}))
        assert page.count("p-error") == 1
        assert "Write a whole number, for example 500." in page
        assert 'value="lots"' in page

    def test_a_refused_choice_stays_chosen_with_its_reason(self, people, client_of):
        room()
        page = text_of(client_of(people.alice).post(FORM, typed(data_class="confidential")))
        card = re.search(r'value="GlobalStandard"(.*?)>', page, re.S)[1]
        assert "checked" in card
        assert "disabled" not in card
        assert "Data Zone Standard would pass." in page
        assert re.search(r'value="GlobalBatch"[^>]*disabled', page)

    def test_too_much_offers_alternatives_that_fill_the_form(self, people, client_of):
        room()
        page = text_of(client_of(people.alice).post(FORM, typed(capacity=1500)))
        assert "1 000 K TPM are free in swedencentral. Ask for 1 000 or less" in page
        assert "{&quot;region&quot;: &quot;francecentral&quot;}" in page

    def test_what_cannot_be_stored_stays_in_the_form_with_its_limit(self, people, client_of):
        room()
        response = client_of(people.alice).post(FORM, typed(purpose="x" * 100_000))
        assert response.status_code == 200
        assert "this has 100 000. Say it shorter." in text_of(response)
        assert "Not saved yet" in text_of(response)
        assert not ResourceRequest.objects.exists()

    def test_submit_from_the_form(self, people, client_of):
        room()
        response = client_of(people.alice).post(NEW, {**typed(), "act": "submit"})
        row = ResourceRequest.objects.get()
        assert response["Location"] == reverse("request", args=[row.pk])
        assert row.status == "in_review"

    def test_a_refused_submit_keeps_the_draft_and_shows_every_error(self, people, client_of):
        room()
        client = client_of(people.alice)
        response = client.post(NEW, {"purpose": "Only this.", "act": "submit"})
        assert response.status_code == 422
        page = text_of(response)
        assert "fields need another answer" in page
        assert "Only this." in page
        row = ResourceRequest.objects.get()
        assert row.status == "draft"
        again = client.post(
            NEW, {**typed(purpose=""), "request": row.pk, "act": "submit", "all_errors": "1"}
        )
        assert "Write a sentence." in text_of(again)
        assert ResourceRequest.objects.count() == 1

    def test_save_and_go_on_later(self, people, client_of):
        client = client_of(people.alice)
        response = client.post(NEW, {**typed(), "act": "save"})
        row = ResourceRequest.objects.get()
        assert response["Location"] == reverse("request", args=[row.pk])
        edit = text_of(client_of(people.bob).get(reverse("request_edit", args=[row.pk])))
        assert "Sort incoming claims by urgency." in edit

    def test_a_place_that_is_full_is_said_above_the_form(self, people, client_of):
        from apps.capacity.models import Pool

        room()
        Pool.objects.filter(meter="accounts").update(limit=0)
        response = client_of(people.alice).post(NEW, {**typed(), "act": "submit"})
        assert response.status_code == 409
        assert "All accounts in swedencentral are full" in text_of(response)
        assert ResourceRequest.objects.get().status == "draft"

    @pytest.mark.parametrize("pk", ["0", "999999", "x", "9" * 30])
    def test_a_draft_that_is_not_mine_is_not_found(self, people, client_of, pk):
        response = client_of(people.alice).post(FORM, {**typed(), "request": pk})
        assert response.status_code == (404 if pk.isdigit() and len(pk) < 19 else 200)
        foreign = draft(people.charlie, "fraud-notes")
        response = client_of(people.alice).post(FORM, {**typed(), "request": foreign.pk})
        assert response.status_code == 404

    def test_a_save_after_the_submit_is_led_to_the_request(self, people, client_of):
        room()
        row = submitted(people.alice)
        response = client_of(people.bob).post(FORM, {**typed(), "request": row.pk})
        assert (response.status_code, response["HX-Redirect"]) == (204, f"/requests/{row.pk}/")

    def test_queries_of_a_redraw(self, people, client_of, django_assert_max_num_queries):
        room()
        client = client_of(people.alice)
        client.post(FORM, typed())
        row = ResourceRequest.objects.get()
        with django_assert_max_num_queries(36):
            client.post(FORM, {**typed(capacity=1500), "request": row.pk})


class TestRequest:
    def test_it_says_what_where_and_who_is_next(self, people, client_of):
        room()
        row = submitted(people.alice)
        page = text_of(client_of(people.alice).get(reverse("request", args=[row.pk])))
        assert "gpt-5.1 Global Standard, 500 K TPM, swedencentral" in page
        assert "Platform: Jonas Hall or Petra Novak" in page
        assert "Submitted by Alice Berger" in page
        assert "Withdraw" in page
        assert "Approve" not in page.replace("Approvers", "")
        assert "could not be drawn" not in page

    def test_those_who_decide_see_buttons_with_amount_and_effect(self, people, client_of):
        room()
        row = submitted(people.alice, **CHEAP)
        page = text_of(client_of(people.petra).get(reverse("request", args=[row.pk])))
        assert "Approve 100 K TPM" in page
        assert "Commits 100 K TPM of swedencentral and about 10.81 USD a month" in page
        assert "Platform: you or Jonas Hall" in page
        step = row.steps.get(status="open")
        assert f'name="step" value="{step.pk}"' in page

    def test_fiona_reads_why_she_does_not_decide_yet(self, people, client_of):
        room()
        row = submitted(people.alice)
        page = text_of(client_of(people.fiona).get(reverse("request", args=[row.pk])))
        assert "Platform decides now, and that is not your role." in page
        assert "data-dialog" not in page

    @pytest.mark.parametrize(
        ("status", "sentence"),
        [
            ("draft", "Go on with the draft"),
            ("approved", "Approved by Petra Novak"),
            ("done", "Done"),
            ("rejected", "Rejected by Petra Novak"),
            ("withdrawn", "Withdrawn by Alice Berger"),
            ("returned", "Change it: you"),
            ("needs_info", "Answer: you"),
        ],
    )
    def test_every_state_has_a_page(self, people, client_of, status, sentence):
        room()
        row = draft(people.alice) if status == "draft" else submitted(people.alice, **CHEAP)
        if status in ("approved", "done"):
            approvals.approve(request=row, by=people.petra)
        if status == "rejected":
            approvals.reject(request=row, reason="No.", by=people.petra)
        if status == "needs_info":
            approvals.ask(request=row, body="Why?", by=people.petra)
        if status == "withdrawn":
            services.withdraw_request(request=row, by=people.alice)
        if status in ("done", "returned"):
            ResourceRequest.objects.filter(pk=row.pk).update(status=status, trouble="Ask for 50.")
        page = text_of(client_of(people.alice).get(reverse("request", args=[row.pk])))
        assert sentence.lower() in page.lower()
        assert "could not be drawn" not in page

    def test_the_moving_parts_come_only_when_they_moved(self, people, client_of):
        room()
        row = submitted(people.alice, **CHEAP)
        client = client_of(people.alice)
        page = text_of(client.get(reverse("request", args=[row.pk])))
        poll = re.search(r'hx-get="([^"]+/progress/[^"]*)"', page)[1].replace("&amp;", "&")
        assert 'hx-trigger="every' in page
        assert client.get(poll).status_code == 204
        services.say(request=row, body="A note moves nothing.", by=people.alice)
        assert client.get(poll).status_code == 204
        approvals.approve(request=row, by=people.petra)
        moved = text_of(client.get(poll))
        assert 'id="request-head" hx-swap-oob="true"' in moved
        assert 'id="request-timeline" hx-swap-oob="true"' in moved
        assert "Approved" in moved
        ResourceRequest.objects.filter(pk=row.pk).update(status="done")
        again = re.search(r'hx-get="([^"]+)"', moved)[1].replace("&amp;", "&")
        ended = text_of(client.get(again))
        assert "hx-trigger" not in ended.split("request-head")[0]

    @pytest.mark.parametrize("count", [10, 100])
    def test_queries_do_not_grow_with_what_the_team_asked_for(
        self, people, client_of, django_assert_max_num_queries, count
    ):
        room()
        many(people, count)
        row = submitted(people.alice, **CHEAP)
        for n in range(count):
            services.say(request=row, body=f"Note {n}", by=people.alice)
        client = client_of(people.petra)
        client.get(reverse("request", args=[row.pk]))
        with django_assert_max_num_queries(70):
            client.get(reverse("request", args=[row.pk]))


class TestList:
    def test_tabs_filters_and_search(self, people, client_of):
        room()
        row = submitted(people.alice, "policy-qa", **CHEAP)
        draft(people.alice)
        client = client_of(people.alice)
        assert "policy-qa-prod" in text_of(client.get("/requests/"))
        assert "policy-qa-prod" not in text_of(client.get("/requests/?tab=drafts"))
        assert "policy-qa-prod" in text_of(client.get(f"/requests/?text={row.number}"))
        assert "No request matches" in text_of(client.get("/requests/?text=nothing-like-it"))
        assert "policy-qa-prod" in text_of(client.get("/requests/?environment=prod&mine=1"))
        assert "No request matches" in text_of(client.get("/requests/?environment=dev"))
        assert "No request matches" in text_of(client.get("/requests/?status=approved"))

    @pytest.mark.parametrize(
        "query",
        ["tab=x", "status=x", "text=" + "x" * 5000, "tab=open&mine=2"],
    )
    def test_a_strange_address_is_answered(self, people, client_of, query):
        assert client_of(people.alice).get(f"/requests/?{query}").status_code == 200

    def test_a_bent_cursor_is_refused_with_a_sentence(self, people, client_of):
        response = client_of(people.alice).get("/requests/?cursor=bent")
        assert response.status_code == 400
        assert "Start again from the first page" in text_of(response)

    @pytest.mark.parametrize(
        ("tab", "sentence"),
        [
            ("open", "Nothing is waiting"),
            ("done", "Nothing has ended yet"),
            ("drafts", "No drafts"),
        ],
    )
    def test_empty_tabs_say_what_would_be_here(self, people, client_of, tab, sentence):
        assert sentence in text_of(client_of(people.alice).get(f"/requests/?tab={tab}"))

    @pytest.mark.parametrize("count", [10, 100])
    def test_queries_do_not_grow_with_the_rows(
        self, people, client_of, django_assert_max_num_queries, count
    ):
        many(people, count, status="in_review")
        client = client_of(people.alice)
        client.get("/requests/")
        with django_assert_max_num_queries(16):
            page = client.get("/requests/")
        assert page.content.count(b"<tr>") == min(count, 25) + 1

    def test_pages_by_key(self, people, client_of):
        many(people, 60, status="in_review")
        client = client_of(people.alice)
        seen, url = set(), "/requests/"
        for _ in range(3):
            page = client.get(url).content.decode()
            seen |= set(re.findall(r">REQ-(\d+)<", page))
            older = re.search(r'href="([^"]+)"\s+rel="next"', page)
            url = f"/requests/{older[1].replace('&amp;', '&')}" if older else ""
        assert len(seen) == 60
        assert url == ""

    def test_csv_has_all_rows_exact_amounts_and_no_formulas(self, people, client_of):
        room()
        row = submitted(people.alice, **CHEAP)
        many(people, 60)
        ResourceRequest.objects.filter(pk=row.pk).update(title='=HYPERLINK("x")')
        client = client_of(people.alice)
        lines = b"".join(client.get("/requests/export.csv")).decode().splitlines()
        assert len(lines) == 2
        assert "10.809326250" in lines[1]
        assert "\"'=HYPERLINK" in lines[1]
        assert len(b"".join(client.get("/requests/export.csv?tab=done")).splitlines()) == 61


class TestHome:
    def test_what_i_owe_and_what_moves(self, people, client_of):
        room()
        asked = submitted(people.alice, **CHEAP)
        approvals.ask(request=asked, body="Why?", by=people.petra)
        moving = submitted(people.alice, "policy-qa", **CHEAP)
        ResourceRequest.objects.filter(pk=draft(people.alice).pk).update(
            changed_at=timezone.now() - timezone.timedelta(days=8)
        )
        page = text_of(client_of(people.alice).get("/"))
        assert "Two things need you, Alice" in page
        assert "A question waits for your answer since today" in page
        assert "Submit it or withdraw it." in page
        assert f"{moving.number}, policy-qa, Production" in page

    def test_search_finds_requests_that_i_may_see(self, people, client_of):
        room()
        row = submitted(people.alice, **CHEAP)
        url = f"/search?q={row.number}"
        assert row.number in text_of(client_of(people.bob).get(url)).replace("value=", "")
        assert "claims" not in text_of(client_of(people.charlie).get("/search?q=claims-triage"))[
            3000:
        ].replace("claims-triage", "")
