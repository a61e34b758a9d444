"""Versions of the policies: who may put one in force, what is refused, what is kept."""

from difflib import SequenceMatcher

import pytest

from apps.approvals.models import PolicyVersion
from apps.approvals.selectors import policies, versions
from apps.approvals.services import check, put_in_force
from apps.kernel.errors import ConflictError, InvalidError, NotAllowedError, StaleStateError
from apps.kernel.models import AuditEntry
from tests.race import at_once

pytestmark = pytest.mark.django_db
NOTE = "Security looks at confidential data."
MORE = """
  - id: P-07
    name: Security decides on confidential data
    when: data_class == "confidential"
    steps:
      - label: Security
        who: security
"""


@pytest.fixture
def text():
    return policies.default_text() + MORE


def put(by, text, *, seen=0, note=NOTE):
    return put_in_force(text=text, note=note, seen=seen, by=by)


def test_without_a_version_the_portals_own_document_is_in_force(people):
    assert [rule.id for rule in policies.in_force().rules] == [
        "P-01",
        "P-05",
        "P-06",
        "A-01",
        "A-02",
    ]
    assert versions.version_in_force().number == 0


def test_a_version_is_in_force_at_once_and_audited(people, text):
    version = put(people.petra, text)
    assert (version.number, version.active, version.made_by) == (1, True, people.petra)
    assert policies.in_force().rules[-1].id == "P-07"
    entry = AuditEntry.objects.get(subject="policy:1")
    assert entry.verb == "put the approval policies in force"
    assert (entry.before, entry.after, entry.note) == ({"version": 0}, {"version": 1}, NOTE)


def test_an_old_text_comes_back_as_a_new_version(people, text):
    put(people.petra, text)
    back = put(people.petra, policies.default_text(), seen=1, note="Back to the first rules.")
    assert back.number == 2
    assert list(PolicyVersion.objects.filter(active=True)) == [back]
    assert PolicyVersion.objects.get(number=1).text == text


def test_what_a_browser_sends_is_kept_as_it_was(people, text):
    version = put(people.petra, text.replace("\n", "\r\n") + "   \r\n\r\n")
    assert version.text == text


def test_only_a_platform_admin_changes_policies(people, text):
    for person in (people.alice, people.bob, people.jonas, people.sami, people.fiona, people.audra):
        with pytest.raises(NotAllowedError):
            put(person, text)
    assert not PolicyVersion.objects.exists()


def test_a_version_put_in_force_in_between_is_not_written_over(people, text):
    put(people.petra, text)
    with pytest.raises(StaleStateError) as refused:
        put(people.petra, text + "# mine\n")
    assert "Petra Novak put version 1 in force today" in str(refused.value)
    assert "Compare yours with it." in str(refused.value)
    with pytest.raises(StaleStateError):
        put(people.petra, text + "# mine\n", seen=7)
    assert PolicyVersion.objects.count() == 1


def test_a_number_that_never_was_is_not_the_portals_own(people, text):
    with pytest.raises(StaleStateError) as refused:
        put(people.petra, text, seen=3)
    assert "The document that the portal comes with is in force." in str(refused.value)


def test_the_same_text_again_is_refused(people, text):
    put(people.petra, text)
    with pytest.raises(ConflictError) as refused:
        put(people.petra, text + "\n\n", seen=1)
    assert "Nothing differs" in str(refused.value)


@pytest.mark.parametrize("note", ["", "   ", "too short", "x" * 301])
def test_a_note_is_needed(people, text, note):
    with pytest.raises(InvalidError) as refused:
        put(people.petra, text, note=note)
    assert "note" in refused.value.fields


def test_a_document_that_cannot_work_is_refused_with_its_line(people, text):
    with pytest.raises(InvalidError) as refused:
        put(people.petra, text.replace("match: all", "match: some"))
    assert refused.value.fields["text"].startswith("Line 3: “match” cannot be “some”")
    assert not PolicyVersion.objects.exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"confidential"', '"secret"', "There is no data class “secret”."),
        ('data_class == "confidential"', 'tier == "production"', "There is no tier “production”."),
        ('data_class == "confidential"', 'team == "claim"', "Did you mean claims?"),
        ('data_class == "confidential"', 'act == "newer"', "There is no act “newer”."),
        ('data_class == "confidential"', 'model == "gpt-5.11"', "Did you mean gpt-5.1"),
        ("who: security", "people: [petra.novac@northwind.example]", "Nobody here has the address"),
    ],
)
def test_rules_about_what_does_not_exist_are_refused(people, text, old, new, said):
    problems = check(text.replace(old, new))
    assert len(problems) == 1
    assert said in problems[0].sentence


def test_somebody_who_left_decides_nothing_new(people, text):
    named = text.replace("who: security", "people: [sami@northwind.example]")
    people.sami.email = "Sami@Northwind.example"
    people.sami.save()
    assert not check(named)
    people.sami.is_active = False
    people.sami.save()
    assert "Nobody here has the address" in check(named)[0].sentence


def test_what_was_in_force_stays_readable_when_its_people_left(people, text):
    put(people.petra, text.replace("who: security", f"people: [{people.sami.email}]"))
    type(people.sami).objects.filter(pk=people.sami.pk).update(is_active=False)
    assert policies.in_force().rules[-1].steps[0].who.people == (people.sami.email,)


def test_a_version_that_cannot_be_read_any_more_stops_everything(people):
    PolicyVersion.objects.create(number=3, text="rules: {", note="x", active=True)
    with pytest.raises(ConflictError) as refused:
        policies.in_force()
    assert "Version 3 of the approval policies cannot be read any more, line 1" in str(
        refused.value
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", [True, False], ids=["first version of all", "a later one"])
def test_of_two_at_the_same_moment_one_wins(people, text, first):
    seen = 0 if first else put(people.petra, text).number

    def put_one(name):
        return lambda: put(people.petra, f"{text}# {name}\n", seen=seen).number

    outcomes = at_once([put_one("one"), put_one("two"), put_one("three")])
    assert [one for one in outcomes if not isinstance(one, StaleStateError)] == [seen + 1]
    assert PolicyVersion.objects.filter(active=True).count() == 1


def test_a_first_version_that_comes_after_the_look_keeps_its_place(people, text, monkeypatch):
    """The other one commits just after this one saw that nothing was in force."""
    put(people.petra, text)
    monkeypatch.setattr(versions, "version_in_force", versions._default)
    with pytest.raises(StaleStateError):
        put(people.petra, text + "# mine\n")
    assert PolicyVersion.objects.get(active=True).number == 1


def test_a_comparison_shows_what_came_and_went_with_its_lines():
    old = "".join(f"{i}\n" for i in range(1, 21))
    new = old.replace("2\n3\n", "2\nthree\n", 1).replace("20\n", "", 1)
    lines = versions.difference(old, new)
    assert [(one.sign, one.before, one.after, one.text) for one in lines if one.sign] == [
        ("-", 3, None, "3"),
        ("+", None, 3, "three"),
        ("-", 20, None, "20"),
    ]
    assert [one.text for one in lines if one.before is None and one.after is None] == ["…"]
    assert not versions.difference(old, old)


def test_of_thousands_of_like_lines_none_is_compared_with_all_others(monkeypatch):
    made = []

    class Seen(SequenceMatcher):
        def __init__(self, *args, **more):
            super().__init__(*args, **more)
            made.append(self)

    monkeypatch.setattr(versions, "SequenceMatcher", Seen)
    lines = versions.difference("#\n" * 4_000, "#\n" * 3_900 + "match: all\n")
    assert [one.bpopular for one in made] == [{"#"}]
    assert ("+", "match: all") in [(one.sign, one.text) for one in lines]
