"""Who may open and do what: one row per address, one hand-written cell per person.

Cells: 2 = 200 (or 302 after an act), 3 = 403 may not, 4 = 404 sees nothing, L = sent to sign in,
1 = 401, what the API says instead; 9 = 409, has no part in it.
The rows are about a request, a draft and a resource of Claims Automation (Insurance).
"""

from datetime import timedelta

import pytest
from django.test import Client
from django.test.client import MULTIPART_CONTENT
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from apps.approvals.models import Delegation, Offer, Step
from apps.capacity.models import Finding
from apps.catalog.models import ResidencyRule
from apps.dashboards.panels.calls import url_of
from apps.kernel.models import AuditEntry
from apps.notices.models import Delivery, Notice, TeamsChannel
from apps.notices.protocols import OFFERED, Topic
from apps.provisioning.models import Job, Resource
from apps.requests.models import Preset, ResourceRequest
from apps.teams.models import Environment, Team, Workload
from apps.teams.roles import Action
from apps.teams.services import make_token
from apps.usage.models import SavedView, UsageRecord
from portal.demo import payload
from tests.capacity.pools import pool
from tests.usage.batches import events, grant, send

#         own team   same BU  other BU   platform            business                nobody
WHO = ["alice", "bob", "dora", "charlie", "petra", "jonas", "sami", "fiona", "audra", "nobody"]
PAGES = {
    "home": "2 2 2 2 2 2 2 2 2 L",
    "search": "2 2 2 2 2 2 2 2 2 L",
    "catalogue": "2 2 2 2 2 2 2 2 2 L",
    "model": "2 2 2 2 2 2 2 2 2 L",
    "residency": "2 2 2 2 2 2 2 2 2 L",
    "capacity": "2 2 2 2 2 2 2 2 2 L",
    "capacity_pool": "2 2 2 2 2 2 2 2 2 L",
    "requests": "2 2 2 2 2 2 2 2 2 L",
    "presets": "2 2 2 2 2 2 2 2 2 L",
    "requests_csv": "2 2 2 2 2 2 2 2 2 L",
    "request_new": "2 2 2 2 3 3 3 3 3 L",
    "request": "2 2 4 4 2 2 2 2 2 L",
    "request_progress": "2 2 4 4 2 2 2 2 2 L",
    "request_edit": "2 2 4 4 4 4 4 4 4 L",
    "inbox": "2 2 2 2 2 2 2 2 2 L",
    "delegations": "2 2 2 2 2 2 2 2 2 L",
    "request_offer": "3 3 4 4 2 2 3 3 3 L",
    "policies": "2 3 2 2 2 2 2 2 2 L",
    "policies_csv": "2 3 2 2 2 2 2 2 2 L",
    "policy_version": "2 3 2 2 2 2 2 2 2 L",
    "policy_text": "2 3 2 2 2 2 2 2 2 L",
    "policies_edit": "3 3 3 3 2 3 3 3 3 L",
    "resources": "2 2 2 2 2 2 2 2 2 L",
    "resource": "2 2 4 4 2 2 2 2 2 L",
    "resource_minutes": "2 2 4 4 2 2 2 2 2 L",
    "usage": "2 2 2 2 2 2 2 2 2 L",
    "cost": "2 2 2 2 2 2 2 2 2 L",
    "latency": "2 2 2 2 2 2 2 2 2 L",
    "calls": "2 2 2 2 2 2 2 2 2 L",
    "call": "2 2 4 4 2 2 2 2 2 L",
    "audit": "2 3 2 2 2 3 2 3 2 L",
    "audit_csv": "2 3 2 2 2 3 2 3 2 L",
    "usage_ingest": "3 3 3 3 2 3 3 3 3 L",
    "notices": "2 2 2 2 2 2 2 2 2 L",
    "notice_preferences": "2 2 2 2 2 2 2 2 2 L",
    "notice_deliveries": "3 3 3 3 2 3 3 3 3 L",
    "api_schema": "2 2 2 2 2 2 2 2 2 L",
    "api_docs": "2 2 2 2 2 2 2 2 2 L",
    "health_live": "2 2 2 2 2 2 2 2 2 2",
    "health_ready": "2 2 2 2 2 2 2 2 2 2",
    "notice_bell": "2 2 2 2 2 2 2 2 2 L",
    "tokens": "2 2 2 2 2 2 2 2 2 L",
    "api-models": "2 2 2 2 2 2 2 2 2 1",
    "api-model": "2 2 2 2 2 2 2 2 2 1",
    "api-places": "2 2 2 2 2 2 2 2 2 1",
    "api-prices": "2 2 2 2 2 2 2 2 2 1",
    "api-capacity": "2 2 2 2 2 2 2 2 2 1",
    "api-inbox": "2 2 2 2 2 2 2 2 2 1",
    "api-request-steps": "2 2 4 4 2 2 2 2 2 1",
    "api-resources": "2 2 2 2 2 2 2 2 2 1",
    "api-resource": "2 2 4 4 2 2 2 2 2 1",
    "api-usage": "2 2 2 2 2 2 2 2 2 1",
    "api-requests": "2 2 2 2 2 2 2 2 2 1",
    "api-request": "2 2 4 4 2 2 2 2 2 1",
    "api-request-messages": "2 2 4 4 2 2 2 2 2 1",
}
ACTS = {
    "request_form": "2 2 2 2 3 3 3 3 3 L",
    "request_submit": "2 2 4 4 4 4 4 4 4 L",
    "request_withdraw": "2 3 4 4 3 3 3 3 3 L",
    "request_message": "2 2 4 4 2 2 2 2 3 L",
    "request_answer": "2 2 4 4 3 3 3 3 3 L",
    "request_clone": "2 2 4 4 3 3 3 3 3 L",
    "request_approve": "3 3 4 4 2 2 3 3 3 L",
    "request_reject": "3 3 4 4 2 2 3 3 3 L",
    "request_ask": "3 3 4 4 2 2 3 3 3 L",
    "request_change": "2 2 4 4 3 3 3 3 3 L",
    "request_hand_on": "3 3 4 4 2 2 3 3 3 L",
    "request_offer_accept": "2 2 4 4 3 3 3 3 3 L",
    "request_offer_decline": "2 2 4 4 3 3 3 3 3 L",
    "request_offer_take_back": "3 3 4 4 2 2 3 3 3 L",
    "delegation_new": "2 2 2 2 2 2 2 2 2 L",
    "delegation_end": "4 4 4 4 2 2 4 4 4 L",
    "request_what_if_redo": "2 2 4 4 2 2 2 2 9 L",
    "job_retry": "3 3 4 4 2 3 3 3 3 L",
    "job_give_up": "3 3 4 4 2 3 3 3 3 L",
    "request_preset": "2 3 4 4 3 3 3 3 3 L",
    "preset_rename": "2 3 4 4 3 3 3 3 3 L",
    "preset_delete": "2 3 4 4 3 3 3 3 3 L",
    "resource_change": "2 2 4 4 3 3 3 3 3 L",
    "resource_renew": "2 2 4 4 3 3 3 3 3 L",
    "resource_end": "2 2 4 4 3 3 3 3 3 L",
    "resource_restore": "2 2 4 4 3 3 3 3 3 L",
    "api-request-submit": "2 2 4 4 4 4 4 4 4 1",
    "api-kind-options": "2 2 2 2 3 3 3 3 3 1",
    "api-kind-estimate": "2 2 2 2 3 3 3 3 3 1",
    "api-request-withdraw": "2 3 4 4 3 3 3 3 3 1",
    "residency_change": "3 3 3 3 2 3 3 3 3 L",
    "api-request-approve": "3 3 4 4 2 2 3 3 3 1",
    "api-request-reject": "3 3 4 4 2 2 3 3 3 1",
    "api-request-ask": "3 3 4 4 2 2 3 3 3 1",
    "api-request-offer": "3 3 4 4 2 2 3 3 3 1",
    "api-request-offer-accept": "2 2 4 4 3 3 3 3 3 1",
    "api-request-offer-decline": "2 2 4 4 3 3 3 3 3 1",
    "capacity_allowance": "3 3 3 3 2 3 3 3 3 L",
    "finding_explain": "3 3 3 3 2 3 3 3 3 L",
    "finding_adopt": "3 3 3 3 2 3 3 3 3 L",
    "finding_drop": "3 3 3 3 2 3 3 3 3 L",
    "api-resource-change": "2 2 4 4 3 3 3 3 3 1",
    "api-resource-renew": "2 2 4 4 3 3 3 3 3 1",
    "api-resource-end": "2 2 4 4 3 3 3 3 3 1",
    "api-resource-restore": "2 2 4 4 3 3 3 3 3 1",
    "token_make": "2 2 2 2 2 2 2 2 2 L",
    "token_end": "2 4 4 4 4 4 4 4 4 L",
    "policies_check": "3 3 3 3 2 3 3 3 3 L",
    "policies_put": "3 3 3 3 2 3 3 3 3 L",
    "view_save": "2 2 2 2 2 2 2 2 2 L",
    "view_delete": "2 4 4 4 4 4 4 4 4 L",
    "notices_read_all": "2 2 2 2 2 2 2 2 2 L",
    "notice_read": "2 4 4 4 4 4 4 4 4 L",
    "notice_preferences_save": "2 2 2 2 2 2 2 2 2 L",
    "notice_delivery_retry": "3 3 3 3 2 3 3 3 3 L",
    "teams_channel_add": "3 3 3 3 2 3 3 3 3 L",
    "teams_channel_remove": "3 3 3 3 2 3 3 3 3 L",
}
KINDS = ("request_new", "request_form", "api-kind-options", "api-kind-estimate")
OF_A_ROW = (
    "delegation_end",
    "request_",
    "resource_",
    "preset_",
    "policy_",
    "capacity_",
    "finding_",
    "job_",
    "residency_",
    "api-request-",
    "api-resource-",
    "view_delete",
    "token_end",
    "notice_read",
    "notice_delivery_",
    "teams_channel_remove",
)
OF_ITS_ROW = ("request", "resource", "resource_minutes", "api-request", "api-resource")
FOREIGN = ("account_", "mfa_", "socialaccount_")


@pytest.fixture
def rows(people):
    """A request in review, a draft, one that needs help, and a resource, all of alice's team."""
    team, prod = Team.objects.get(slug="claims"), Environment.objects.get(slug="prod")
    workload = Workload.objects.get(slug="claims-triage")

    def ask(status, **more):
        return ResourceRequest.objects.create(
            kind="model_deployment",
            team=team,
            workload=workload,
            environment=prod,
            requester=people.alice,
            title="gpt-5.1 for claims-triage",
            payload=payload("claims-triage"),
            payload_version=1,
            status=status,
            submitted_at=None if status == "draft" else timezone.now(),
            **more,
        )

    review, info, stuck = ask("in_review"), ask("needs_info"), ask("needs_help")
    for one in (review, info):
        Step.objects.create(
            request=one,
            position=1,
            label="Platform",
            action=Action.DECIDE_PLATFORM,
            rule="always",
            status="open",
            opened_at=timezone.now(),
        )
    job = Job.objects.create(request=stuck, purpose="build", step="validate", status="stuck")
    built = ask("done")
    resource = Resource.objects.create(
        request=built,
        kind="model_deployment",
        team=team,
        workload=workload,
        environment=prod,
        name="claims-triage-prod-gpt-5-1",
        region="swedencentral",
        azure_id="/subscriptions/x/deployments/1",
        stack_id="/subscriptions/x/stacks/1",
        facts={
            "model": "gpt-5.1",
            "version": "2025-11-13",
            "sku": "GlobalStandard",
            "capacity": 500,
            "account": "aoai-northwind-sdc-01",
            "endpoint": "https://aoai-northwind-sdc-01.openai.azure.com/",
            "content_filter": "Microsoft.DefaultV2",
            "upgrade": "OnceCurrentVersionExpired",
        },
    )
    draft = ask("draft")
    offer = Offer.objects.create(
        request=info,
        step=Step.objects.get(request=info),
        made_by=people.petra,
        voice=people.petra,
        changes={"capacity": 300},
        note="Less will do.",
    )
    away = Delegation.objects.create(
        by_person=people.petra,
        to_person=people.jonas,
        from_at=timezone.now(),
        to_at=timezone.now() + timedelta(days=1),
        made_by=people.petra,
    )
    one_pool = pool(1000, used=5, meter="OpenAI.Standard.gpt-5-nano")
    now = timezone.now()
    finding = Finding.objects.create(pool=one_pool, amount=5, first_seen_at=now, seen_at=now)
    preset = Preset.objects.create(
        name="Small",
        kind="model_deployment",
        team=team,
        payload={},
        payload_version=1,
        made_by=people.alice,
    )
    return {
        "request": review,
        "request_progress": review,
        "request_edit": draft,
        "request_submit": draft,
        "request_answer": info,
        "request_offer_accept": offer.request,
        "api-request-offer-accept": offer.request,
        "api-request-offer-decline": offer.request,
        "request_offer_decline": offer.request,
        "request_offer_take_back": offer.request,
        "delegation_end": away,
        "job_retry": job,
        "job_give_up": job,
        "resource": resource,
        "resource_minutes": resource,
        **dict.fromkeys(("preset_rename", "preset_delete"), preset),
        **dict.fromkeys(("resource_change", "resource_renew"), resource),
        **dict.fromkeys(("resource_end", "resource_restore"), resource),
        **dict.fromkeys(("api-resource", "api-resource-change", "api-resource-renew"), resource),
        **dict.fromkeys(("api-resource-end", "api-resource-restore"), resource),
        "residency_change": ResidencyRule.objects.first(),
        "capacity_pool": one_pool,
        "capacity_allowance": one_pool,
        "finding_explain": finding,
        "finding_adopt": finding,
        "finding_drop": finding,
        "view_delete": SavedView.objects.create(person=people.alice, page="usage", name="Mine"),
        "token_end": make_token(name="ci", days=9, reads_only=True, by=people.alice)[0],
        "notice_read": Notice.objects.create(
            person=people.alice, event_key="x", topic="mine", request=built, title="x", tone="off"
        ),
        "notice_delivery_retry": Delivery.objects.create(
            person=people.alice, status="failed", due_at=timezone.now()
        ),
        "teams_channel_remove": TeamsChannel.objects.create(name="AI desk", webhook="env:HOOK"),
        "api-request-submit": draft,
        "other": review,
    }


def address_of_a_call(resource):
    if not UsageRecord.objects.exists():
        grant(resource, resource.workload)
        send(events(resource, [timezone.now() - timedelta(hours=1)]))
    return url_of(UsageRecord.objects.get())


def address(name, rows, *, pk=None):
    if name == "call":
        return address_of_a_call(rows["resource"])
    if name == "api-prices":
        offer = "model=gpt-5.1&version=2025-11-13&sku=GlobalStandard&region=swedencentral"
        return f"{reverse(name)}?{offer}"
    if name in ("model", "api-model"):
        return reverse(name, args=["gpt-5.1"])
    if name.startswith("policy_"):
        return reverse(name, args=[pk or 0])  # a number; 0 is the document the portal comes with
    if name in KINDS:
        return reverse(name, args=["model_deployment"])
    if name.startswith(OF_A_ROW) or name in OF_ITS_ROW:
        return reverse(name, args=[pk or rows.get(name, rows["other"]).pk])
    return reverse(name)


def outcome(response):
    if response.status_code == 302 and response["Location"].startswith("/account/login"):
        return "L"
    known = {200: "2", 302: "2", 201: "2", 401: "1", 403: "3", 404: "4", 409: "9"}
    return known.get(response.status_code, str(response.status_code))


def browser_of(people, who):
    client = Client()
    if who != "nobody":
        client.force_login(getattr(people, who))
    return client


BODY = {
    "body": "A question?",
    "reason": "Not needed any more.",
    **{f"{channel}-{topic}": "now" for channel in OFFERED for topic in Topic},
    "hour": "8",
    "zone": "UTC",
    "person": "sami@northwind.example",
    "why": "On leave.",
    "to": "dora@northwind.example",
    "from": "2030-01-01",
    "until": "2030-01-09",
}


@pytest.mark.parametrize("name", PAGES)
def test_pages(people, rows, name):
    got = [outcome(browser_of(people, who).get(address(name, rows))) for who in WHO]
    assert dict(zip(WHO, got, strict=True)) == dict(zip(WHO, PAGES[name].split(), strict=True))


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize("index", range(len(WHO)), ids=WHO)
def test_acts(people, rows, name, index):
    """Each act on a fresh row: an allowed one is not refused, a refused one changes nothing."""
    who, expected = WHO[index], ACTS[name].split()[index]
    before = AuditEntry.objects.count()
    kind = "application/json" if name.startswith("api-") else MULTIPART_CONTENT
    response = browser_of(people, who).post(address(name, rows), BODY, content_type=kind)
    got = outcome(response)
    if expected == "2":
        assert got not in ("1", "3", "4", "L", "405", "500"), response.content[:500]
    else:
        assert got == expected
        assert AuditEntry.objects.count() == before


@pytest.mark.parametrize("name", ACTS)
def test_no_act_by_get(people, rows, name):
    client = browser_of(people, "alice")
    assert client.get(address(name, rows)).status_code == 405


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in (*PAGES, *ACTS)
        if name in (*KINDS, *OF_ITS_ROW)
        or (name.startswith(OF_A_ROW) and name != "residency_change")
    ],
)
def test_a_row_that_does_not_exist_looks_like_a_foreign_one(people, rows, name):
    missing = reverse(name, args=["no_such_kind"]) if name in KINDS else ""
    url = missing or address(name, rows, pk=999_999)
    client = browser_of(people, "petra" if name not in KINDS else "alice")
    kind = "application/json" if name.startswith("api-") else MULTIPART_CONTENT
    response = client.get(url) if name in PAGES else client.post(url, BODY, content_type=kind)
    assert response.status_code == 404


@pytest.mark.parametrize(
    "url", ["/catalogue/?text=a%00", "/search?q=%00", "/catalogue/models/%00/"]
)
def test_an_address_with_a_nul_is_refused_with_a_sentence(people, url):
    response = browser_of(people, "alice").get(url)
    assert response.status_code == 400
    assert "Remove it and try again." in response.content.decode()


#  The row's team ended today: alice, bob, and somebody of the platform, who keeps seeing its past.
ENDED = {
    "request_new": "3 3 3",
    "request": "4 4 2",
    "request_progress": "4 4 2",
    "request_edit": "4 4 4",
    "resource": "4 4 2",
    "resource_minutes": "4 4 2",
    "call": "4 4 2",
    "audit": "3 3 2",
    "audit_csv": "3 3 2",
    "api-request": "4 4 2",
    "api-request-messages": "4 4 2",
    "notice_read": "4 4 4",
    "request_form": "3 3 3",
    "request_submit": "4 4 4",
    "request_withdraw": "4 4 3",
    "request_message": "4 4 2",
    "request_answer": "4 4 3",
    "request_clone": "4 4 3",
    "request_approve": "4 4 2",
    "request_reject": "4 4 2",
    "request_ask": "4 4 2",
    "request_what_if_redo": "4 4 2",
    "job_retry": "4 4 2",
    "job_give_up": "4 4 2",
    "request_preset": "4 4 3",
    "preset_rename": "4 4 3",
    "preset_delete": "4 4 3",
    "resource_change": "4 4 3",
    "resource_renew": "4 4 3",
    "resource_end": "4 4 3",
    "resource_restore": "4 4 3",
    "api-request-submit": "4 4 4",
    "api-request-withdraw": "4 4 3",
    "api-kind-options": "3 3 3",
    "api-kind-estimate": "3 3 3",
}


@pytest.mark.parametrize("name", ENDED)
def test_in_a_team_that_ended_its_own_people_may_nothing(people, rows, name):
    Team.objects.filter(slug="claims").update(active_to=timezone.now().date())
    for who, expected in zip(("alice", "bob", "petra"), ENDED[name].split(), strict=True):
        client, url = browser_of(people, who), address(name, rows)
        kind = "application/json" if name.startswith("api-") else MULTIPART_CONTENT
        response = client.get(url) if name in PAGES else client.post(url, BODY, content_type=kind)
        got = outcome(response)
        assert (got == expected) if expected != "2" else got not in ("1", "3", "4", "L"), who


@pytest.mark.parametrize("name", ACTS)
def test_no_act_from_another_site(people, rows, name):
    """A page elsewhere can send a signed-in person's cookie, but not the token of a form."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.petra)
    before = AuditEntry.objects.count()
    kind = "application/json" if name.startswith("api-") else MULTIPART_CONTENT
    assert client.post(address(name, rows), BODY, content_type=kind).status_code == 403
    assert AuditEntry.objects.count() == before


def test_every_address_has_a_row():
    names = set()

    def walk(patterns):
        for item in patterns:
            if isinstance(item, URLResolver):
                walk(item.url_patterns)
            elif isinstance(item, URLPattern):
                names.add(item.name or str(item.pattern))

    walk(get_resolver().url_patterns)
    known = {*PAGES, *ACTS}
    own = {n for n in names if not n.startswith(FOREIGN)}
    assert own == known
