"""Azure resource ids: `/subscriptions/…/resourceGroups/…/providers/{ns}/{type}/{name}…`."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

from apps.azure_sandbox.errors import ArmError, not_implemented

SCOPE = re.compile(r"/subscriptions/([^/]+)(?:/resourceGroups/([^/]+))?", re.I)
GROUP = re.compile(r"(/subscriptions/([^/]+))/resourceGroups/([^/]+)$", re.I)
# Azure answers with the type's own spelling, whatever the client's.
SPELLING = {
    name.lower(): name
    for name in (
        "Microsoft.CognitiveServices/accounts",
        "Microsoft.CognitiveServices/accounts/deployments",
        "Microsoft.Authorization/locks",
        "Microsoft.Resources/deployments",
        "Microsoft.Resources/deploymentStacks",
        "Microsoft.Resources/resourceGroups",
    )
}
ACCOUNTS = "microsoft.cognitiveservices/accounts"
MODEL_DEPLOYMENTS = "microsoft.cognitiveservices/accounts/deployments"
LOCKS = "microsoft.authorization/locks"
GROUPS = "microsoft.resources/resourcegroups"


@dataclass(frozen=True)
class ResourceId:
    """One resource's id, taken apart; `text` keeps the caller's spelling of names."""

    text: str
    scope: str
    subscription: str
    group: str
    type: str
    names: tuple[str, ...]

    @property
    def key(self) -> str:
        """The id as Azure compares it: in lower case."""
        return self.text.lower()

    @property
    def kind(self) -> str:
        """The resource type in lower case."""
        return self.type.lower()

    @property
    def name(self) -> str:
        """The last name."""
        return self.names[-1]

    @property
    def parent(self) -> str | None:
        """The id of the resource this one lives in, if it is a child."""
        return self.text.rsplit("/", 2)[0] if len(self.names) > 1 else None

    @property
    def root(self) -> str:
        """The lower-case id of the topmost resource: itself, or the account it lives in."""
        return self.key.rsplit("/", 2 * (len(self.names) - 1))[0] if self.parent else self.key


def parse(text: str) -> ResourceId | None:
    """Take an id apart; None where the text names a collection or no resource at all."""
    if group := GROUP.match(text):
        return ResourceId(text, group[1], group[2], "", SPELLING[GROUPS], (group[3],))
    scope, rest = split(text)
    segments = rest.split("/")
    if len(segments) < 3 or len(segments) % 2 == 0 or not all(segments):
        return None
    match = SCOPE.match(scope)
    kind = "/".join([segments[0], *segments[1::2]])
    return ResourceId(
        text=text,
        scope=scope,
        subscription=match[1] if match else "",
        group=(match[2] or "") if match else "",
        type=SPELLING.get(kind.lower(), kind),
        names=tuple(segments[2::2]),
    )


def parent_not_found(rid: ResourceId) -> ArmError:
    """Say that a resource cannot be made, since the one it lives in is not there."""
    return ArmError(
        404,
        "ParentResourceNotFound",
        f"Failed to perform 'write' on resource(s) of type '{rid.type.split('/', 1)[1]}', because "
        f"the parent resource '{(rid.parent or '').split('/resourceGroups/')[-1]}' could not be "
        "found.",
    )


def split(text: str) -> tuple[str, str]:
    """Split a path at its last `/providers/` into scope and rest; no rest where there is none."""
    at = text.lower().rfind("/providers/")
    return (text[:at], text[at + len("/providers/") :]) if at >= 0 else (text, "")


def required(text: str) -> ResourceId:
    """Take a resource id apart that must be one."""
    rid = parse(text)
    if rid is None:
        raise not_implemented(f"the path {text}")
    return rid


def build(scope: str, kind: str, name: str) -> str:
    """Join a type `ns/a/b` and a name `x/y` below a scope into an id."""
    namespace, *types = kind.split("/")
    pairs = zip(types, name.split("/"), strict=True)
    return f"{scope}/providers/{namespace}/" + "/".join(f"{a}/{b}" for a, b in pairs)


def guid(*parts: str) -> str:
    """Give a GUID: the same for the same parts, or a new one without any."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(parts)) if parts else uuid.uuid4())


def region(text: str) -> str:
    """Spell a location as Azure does in answers: `Sweden Central` → `swedencentral`."""
    return text.replace(" ", "").lower()
