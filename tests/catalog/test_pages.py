"""The catalogue's pages: what they say, who may change what, and what they ask the database."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.catalog import models, panels, selectors
from apps.kernel.models import AuditEntry

pytestmark = pytest.mark.django_db
ClientOf = Callable[[Any], Client]


def text(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, url
    return response.content.decode().replace("\u00a0", " ")


def test_the_list_marks_where_sources_disagree(
    people: SimpleNamespace, client_of: ClientOf
) -> None:
    page = text(client_of(people.alice), "/catalogue/")
    assert "12 models with a quota, but no region" in page
    assert "18 models with regions, but no quota" in page
    assert "gpt-4.1 2025-04-14" in page
    assert 'href="/catalogue/models/gpt-5.1/"' in page


def test_filters_stand_in_the_address(people: SimpleNamespace, client_of: ClientOf) -> None:
    page = text(client_of(people.alice), "/catalogue/?runs_in=EU&sku=Standard&sort=-input")
    assert "runs_in=EU&amp;sku=Standard&amp;sort=input" in page
    assert 'aria-sort="descending"' in page
    assert "gpt-5-codex" not in page.split("Where the sources disagree")[0]


def test_an_empty_list_says_what_to_do(people: SimpleNamespace, client_of: ClientOf) -> None:
    assert "No model matches" in text(client_of(people.alice), "/catalogue/?text=zzz")


def test_a_models_page_has_prices_limits_and_end(
    people: SimpleNamespace, client_of: ClientOf
) -> None:
    page = text(client_of(people.alice), "/catalogue/models/gpt-5.1/")
    for said in ("1.25", "0.125", "10.00", "no price known", "Until 15 May 2027", "Tier 6"):
        assert said in page
    assert "/requests/new/model_deployment/?model=gpt-5.1&amp;version=2025-11-13" in page


def test_a_retired_model_is_shown_with_its_date_and_cannot_be_requested(
    people: SimpleNamespace, client_of: ClientOf
) -> None:
    page = text(client_of(people.alice), "/catalogue/models/gpt-4.1/")
    assert "Retired 14 Oct" in page
    assert "It cannot be chosen" in page
    assert "/requests/new/" not in page.split('id="main"')[1]


def test_who_may_not_ask_gets_no_button(people: SimpleNamespace, client_of: ClientOf) -> None:
    page = text(client_of(people.audra), "/catalogue/models/gpt-5.1/")
    assert "/requests/new/" not in page.split('id="main"')[1]


def test_a_model_without_region_says_so(people: SimpleNamespace, client_of: ClientOf) -> None:
    assert "No region offers it" in text(client_of(people.alice), "/catalogue/models/gpt-6-sol/")


def test_an_unknown_model_is_not_there(people: SimpleNamespace, client_of: ClientOf) -> None:
    assert client_of(people.alice).get("/catalogue/models/gpt-9/").status_code == 404


def rule() -> models.ResidencyRule:
    return models.ResidencyRule.objects.get(
        data_class="confidential", scope="global", geography="Europe"
    )


def test_a_platform_admin_changes_a_rule_and_it_counts_at_once(
    people: SimpleNamespace, client_of: ClientOf
) -> None:
    asked = {"data_class": "confidential", "sku": "GlobalStandard", "region": "swedencentral"}
    assert not selectors.residency(**asked).allowed
    client = client_of(people.petra)
    answer = client.post(
        f"/catalogue/residency/{rule().pk}/",
        {"allowed": "yes", "why": "Legal agreed on 20 November."},
    )
    assert answer.status_code == 302
    assert selectors.residency(**asked).allowed
    assert "Edited by Petra Novak" in text(client, "/catalogue/residency/")
    entry = AuditEntry.objects.get(subject=rule().ref)
    assert entry.actor_name == "Petra Novak"
    assert (entry.before["allowed"], entry.after["allowed"]) == (False, True)


@pytest.mark.parametrize("who", ["alice", "jonas", "sami", "fiona", "audra", "charlie"])
def test_others_read_the_rules_and_change_none(
    who: str, people: SimpleNamespace, client_of: ClientOf
) -> None:
    client = client_of(getattr(people, who))
    page = text(client, "/catalogue/residency/")
    assert "not allowed" in page
    assert "Change the rule" not in page
    answer = client.post(
        f"/catalogue/residency/{rule().pk}/", {"allowed": "yes", "why": "I would like it."}
    )
    assert answer.status_code == 403
    assert not rule().allowed


def test_a_rule_needs_a_reason(people: SimpleNamespace, client_of: ClientOf) -> None:
    answer = client_of(people.petra).post(
        f"/catalogue/residency/{rule().pk}/", {"allowed": "yes", "why": " "}
    )
    assert answer.status_code == 422
    assert not rule().allowed


def test_a_reason_that_cannot_be_stored_is_refused(
    people: SimpleNamespace, client_of: ClientOf
) -> None:
    answer = client_of(people.petra).post(
        f"/catalogue/residency/{rule().pk}/", {"allowed": "yes", "why": "Legal agreed\0 to it."}
    )
    assert answer.status_code == 400
    assert not rule().allowed


def test_a_search_finds_models(people: SimpleNamespace) -> None:
    found = panels.found_models(people.alice, query="5.1 codex")
    assert found is not None
    assert found["hits"][0]["title"] == "gpt-5.1-codex"
    assert panels.found_models(people.alice, query="") is None


@pytest.mark.parametrize(
    ("url", "most"),
    [("/catalogue/", 3), ("/catalogue/?life=all&text=gpt", 3), ("/catalogue/residency/", 2)],
)
def test_pages_ask_little(
    url: str, most: int, people: SimpleNamespace, client_of: ClientOf
) -> None:
    client = client_of(people.alice)
    client.get(url)
    with CaptureQueriesContext(connection) as asked:
        client.get(url)
    ours = [query["sql"] for query in asked if "catalog_" in query["sql"]]
    assert len(ours) <= most, ours
