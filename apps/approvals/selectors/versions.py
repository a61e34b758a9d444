"""The versions of the policy document: who may read them, what they may name, what differs."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from django.db.models import QuerySet

from apps.approvals.models import PolicyVersion
from apps.approvals.selectors.policies import default_text
from apps.catalog import selectors as catalog
from apps.kernel.errors import NotFoundError
from apps.requests.kinds import KINDS
from apps.requests.models import ResourceRequest
from apps.teams import selectors as teams
from apps.teams.models import BusinessUnit, Environment, Person, Team
from apps.teams.roles import Action

READS = (
    Action.POLICY_EDIT,
    Action.DECIDE_TEAM,
    Action.DECIDE_PLATFORM,
    Action.DECIDE_FINANCE,
    Action.DECIDE_SECURITY,
    Action.AUDIT_READ,
)
AROUND = 3
LONG = 500  # lines; beyond it the ones that stand everywhere no longer help to find their like


def may_read(viewer: Person) -> bool:
    """Say whether the viewer may read the policies: they are the same for every team."""
    return any(teams.may_anywhere(viewer, action) for action in READS)


def may_edit(viewer: Person) -> bool:
    """Say whether the viewer may put another document in force."""
    return teams.may(viewer, Action.POLICY_EDIT, None)


def versions(viewer: Person) -> QuerySet[PolicyVersion]:
    """Return the versions, newest first, without their texts."""
    rows = PolicyVersion.objects.all() if may_read(viewer) else PolicyVersion.objects.none()
    return rows.select_related("made_by").defer("text")


def version_for(viewer: Person, number: int) -> PolicyVersion:
    """Return one version; 0 is the document that the portal comes with."""
    if not may_read(viewer):
        raise NotFoundError
    if number == 0:
        return _default()
    found = PolicyVersion.objects.filter(number=number).select_related("made_by").first()
    if found is None:
        raise NotFoundError
    return found


def version_before(viewer: Person, version: PolicyVersion) -> PolicyVersion | None:
    """Return the version that this one replaced; nothing came before the first document."""
    return version_for(viewer, version.number - 1) if version.number else None


def version_in_force() -> PolicyVersion:
    """Return the active version, or the document that the portal comes with as version 0."""
    active = PolicyVersion.objects.filter(active=True).select_related("made_by").first()
    return active or _default()


def _default() -> PolicyVersion:
    return PolicyVersion(number=0, text=default_text(), note="The portal comes with it.")


def tidy(text: str) -> str:
    """Write the lines of a document as they are kept: no blanks at their ends, one line feed."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    return "\n".join(lines).strip("\n") + "\n"


def addresses() -> Collection[str]:
    """Return the e-mail addresses of those who can sign in, in small letters."""
    found = Person.objects.filter(is_active=True).values_list("email", flat=True)
    return {email.lower() for email in found}


def values() -> Mapping[str, Collection[str]]:
    """Return for each text field what requests can have there; ended teams keep their names."""
    models = catalog.models()
    types = catalog.deployment_types()
    return {
        "kind": list(KINDS),
        "act": list(ResourceRequest.Act.values),
        "environment": [one.slug for one in teams.environments()],
        "tier": list(Environment.Tier.values),
        "business_unit": list(BusinessUnit.objects.values_list("slug", flat=True)),
        "team": list(Team.objects.values_list("slug", flat=True)),
        "data_class": [value for value, _ in catalog.data_classes()],
        "deployment_type": list(types),
        "billing": {one.billing for one in types.values()},
        "model": list(models),
        "publisher": {one.provider for one in models.values()},
        "region": list(catalog.regions()),
    }


@dataclass(frozen=True)
class Line:
    """A line of a comparison with its number before and after; `sign` is +, - or empty."""

    sign: str
    before: int | None
    after: int | None
    text: str


def difference(old: str, new: str) -> Sequence[Line]:
    """Compare two documents line by line; a line without text or number parts what lies apart."""
    a, b = old.splitlines(), new.splitlines()
    lines: list[Line] = []
    matcher = SequenceMatcher(None, a, b, autojunk=len(b) > LONG)
    for group in matcher.get_grouped_opcodes(AROUND):
        if lines:
            lines.append(Line("", None, None, "…"))
        for tag, a1, a2, b1, b2 in group:
            if tag == "equal":
                lines += [
                    Line("", i + 1, j + 1, a[i])
                    for i, j in zip(range(a1, a2), range(b1, b2), strict=True)
                ]
                continue
            lines += [Line("-", i + 1, None, a[i]) for i in range(a1, a2)]
            lines += [Line("+", None, j + 1, b[j]) for j in range(b1, b2)]
    return lines
