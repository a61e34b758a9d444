"""Presets: kept by those who may, for those who may see them, and a form that starts from them."""

import pytest

from apps.kernel.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError
from apps.kernel.models import AuditEntry
from apps.requests import selectors, services
from apps.requests.models import Preset
from tests.requests.asks import room, submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_of_alice(people):
    room()
    return submitted(people.alice)


def keep(request, by, name="Chat, small", **more):
    return services.save_preset(request=request, name=name, by=by, **more)


def test_a_lead_keeps_one_for_the_team(people, request_of_alice):
    preset = keep(request_of_alice, people.alice)
    assert preset.team == request_of_alice.team
    assert "workload" not in preset.payload
    assert preset.payload["capacity"] == 500
    assert AuditEntry.objects.get(subject=preset.ref).verb == "preset kept"
    assert list(selectors.presets_visible(people.bob)) == [preset]
    assert list(selectors.presets_visible(people.dora)) == []
    with pytest.raises(NotFoundError):
        selectors.preset_for(people.charlie, preset.pk)


def test_only_a_platform_admin_keeps_one_for_everybody(people, request_of_alice):
    for who in (people.alice, people.bob, people.audra):
        with pytest.raises(NotAllowedError, match="Only a platform admin"):
            keep(request_of_alice, who, for_all=True)
    with pytest.raises(NotAllowedError, match="Only the lead of Claims Automation"):
        keep(request_of_alice, people.bob)
    with pytest.raises(NotAllowedError):
        keep(request_of_alice, people.petra)
    preset = keep(request_of_alice, people.petra, for_all=True)
    assert list(selectors.presets_visible(people.charlie)) == [preset]
    assert selectors.preset_scopes(people.petra, request_of_alice) == [("all", "Everybody")]
    assert selectors.preset_scopes(people.bob, request_of_alice) == []


def test_the_same_name_replaces_it(people, request_of_alice):
    first = keep(request_of_alice, people.alice)
    again = keep(request_of_alice, people.alice, name="  Chat,   small ")
    assert again.pk == first.pk
    assert Preset.objects.count() == 1
    assert AuditEntry.objects.filter(verb="preset replaced").count() == 1


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\0b"])
def test_a_name_that_says_nothing_is_refused(people, request_of_alice, name):
    with pytest.raises(InvalidError):
        keep(request_of_alice, people.alice, name=name)
    assert not Preset.objects.exists()


def test_renamed_and_deleted_by_those_who_keep_it(people, request_of_alice):
    preset = keep(request_of_alice, people.alice)
    keep(request_of_alice, people.alice, name="Other")
    with pytest.raises(ConflictError, match="“Other” already"):
        services.rename_preset(preset=preset, name="Other", by=people.alice)
    with pytest.raises(NotAllowedError):
        services.rename_preset(preset=preset, name="Mine", by=people.bob)
    assert services.rename_preset(preset=preset, name="Chat", by=people.alice).name == "Chat"
    with pytest.raises(NotAllowedError):
        services.delete_preset(preset=preset, by=people.petra)
    services.delete_preset(preset=preset, by=people.alice)
    assert list(Preset.objects.values_list("name", flat=True)) == ["Other"]


def test_the_form_starts_from_it(people, client_of, request_of_alice):
    preset = keep(request_of_alice, people.alice)
    bob = client_of(people.bob)
    form = bob.get("/requests/new/model_deployment/").content.decode()
    assert f'href="?preset={preset.pk}"' in form
    filled = bob.get(f"/requests/new/model_deployment/?preset={preset.pk}").content.decode()
    assert 'value="500"' in filled
    assert "Sort incoming claims" in filled
    dora = client_of(people.dora)
    assert dora.get(f"/requests/new/model_deployment/?preset={preset.pk}").status_code == 404
    assert bob.get("/requests/new/model_deployment/?preset=x").status_code == 404


def test_the_pages(people, client_of, request_of_alice):
    alice = client_of(people.alice)
    page = alice.get(f"/requests/{request_of_alice.pk}/").content.decode()
    assert "Keep as preset" in page
    said = {"name": "Chat", "for": "team"}
    assert alice.post(f"/requests/{request_of_alice.pk}/preset/", said).status_code == 302
    preset = Preset.objects.get()
    shown = alice.get("/presets/").content.decode()
    assert "gpt-5.1 Global Standard" in shown
    assert "Rename or delete" in shown
    assert "Rename or delete" not in client_of(people.bob).get("/presets/").content.decode()
    alice.post(f"/presets/{preset.pk}/rename/", {"name": "Claims"})
    preset.refresh_from_db()
    assert preset.name == "Claims"
    alice.post(f"/presets/{preset.pk}/delete/")
    assert not Preset.objects.exists()
    assert "No preset yet" in alice.get("/presets/").content.decode()
