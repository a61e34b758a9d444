"""The way in: who sees it, what it says, what it never holds."""

import ast

import pytest

from apps.access import panels, selectors, services
from apps.access.models import Grant
from apps.kernel.models import AuditEntry
from apps.provisioning.events import JobDone
from tests.provisioning.test_pages import built, page

pytestmark = pytest.mark.django_db


def done(resource):
    return JobDone(1, resource.request_id, resource_id=resource.pk, facts=resource.facts)


def test_a_grant_opens_once(people):
    (resource,) = built(people)
    services.open_grant(done(resource))
    services.open_grant(done(resource))
    grant = Grant.objects.get()
    assert (grant.workload, grant.team, grant.to_at) == (resource.workload, resource.team, None)
    assert AuditEntry.objects.filter(subject=resource.ref, verb="access opened").count() == 1


def test_a_closed_grant_stays_in_the_books(people):
    (resource,) = built(people)
    services.open_grant(done(resource))
    Grant.objects.update(from_at="2026-01-01T00:00:00Z", to_at="2026-02-01T00:00:00Z")
    assert list(selectors.grants_of(people.alice, resource)) == []
    services.open_grant(done(resource))
    assert Grant.objects.count() == 2


def test_outsiders_get_no_way_in(people):
    (resource,) = built(people)
    services.open_grant(done(resource))
    for person in (people.charlie, people.dora):
        assert selectors.connection(person, resource) is None
        assert list(selectors.grants_of(person, resource)) == []
        assert panels.way_in(person, resource=resource) is None
        assert panels.who_and_how_much(person, resource=resource) is None


def test_the_snippet_is_python_that_parses_and_names_everything(people):
    (resource,) = built(people)
    found = selectors.connection(people.bob, resource)
    python, curl = found.snippets
    ast.parse(python.code)
    assert 'base_url="https://aoai-northwind-sdc-01.openai.azure.com/openai/v1/"' in python.code
    assert "get_bearer_token_provider" in python.code
    assert f'model="{resource.name}"' in python.code
    assert "api_key=token" in python.code
    assert "/openai/v1/responses" in curl.code
    assert "az account get-access-token" in curl.code


@pytest.mark.parametrize(
    ("task", "sku", "call"),
    [
        ("chat", "GlobalStandard", "responses.create"),
        ("embedding", "Standard", "embeddings.create"),
        ("chat", "GlobalBatch", "batches.create"),
    ],
)
def test_each_kind_of_call_has_its_snippet(people, task, sku, call):
    (resource,) = built(people, task=task, sku=sku)
    python = selectors.connection(people.bob, resource).snippets[0]
    ast.parse(python.code)
    assert call in python.code


def test_what_no_few_lines_can_call_has_no_snippet(people):
    (resource,) = built(people, task="realtime")
    assert selectors.connection(people.bob, resource).snippets == ()


def test_the_page_of_a_resource(people, client_of):
    (resource,) = built(people)
    services.open_grant(done(resource))
    shown = page(client_of(people.alice), f"/resources/{resource.pk}/")
    assert "https://aoai-northwind-sdc-01.openai.azure.com/openai/v1/" in shown
    assert "Keys are switched off" in shown
    assert "500 000" in shown
    assert "Requests per minute" in shown
    assert "429 with Retry-After" in shown
    assert resource.workload.slug in shown
