"""Find who called what by the names in a file; each pair of names is looked up once."""

from typing import Any

from apps.access import selectors as access
from apps.kernel.errors import PortalError
from apps.provisioning.models import Resource
from apps.teams.models import Workload
from apps.usage.collectors.formats import in_text

MOST_NAME = 200
Ids = tuple[int, int]


class Pairs:
    """The pairs of a file. A row's own names win over those given for the whole file."""

    def __init__(self, workload: str = "", deployment: str = "") -> None:
        self.rows: dict[Ids, tuple[Workload, Resource]] = {}
        self.for_all = bool(workload and deployment)
        self._names = (workload, deployment)
        self._known: dict[tuple[str, str], Ids | str] = {}
        if self.for_all:
            self._look_up(workload, deployment)

    def find(self, workload: Any, deployment: Any) -> Ids | str:
        """Return (workload id, deployment id), or the sentence that says why there are none."""
        names = (str(workload or self._names[0]), str(deployment or self._names[1]))
        if names not in self._known:
            self._known[names] = self._judged(*names)
        return self._known[names]

    def _judged(self, workload: str, deployment: str) -> Ids | str:
        for kind, name in (("workload", workload), ("deployment", deployment)):
            if trouble := _trouble(kind, name):
                return trouble
        try:
            return self._look_up(workload, deployment)
        except PortalError as error:
            return error.message

    def _look_up(self, workload: str, deployment: str) -> Ids:
        found = access.find_pair(workload=workload, deployment=deployment)
        ids = (found[0].pk, found[1].pk)
        self.rows[ids] = found
        return ids


def _trouble(kind: str, name: str) -> str:
    if not name:
        return f"{kind} is missing. A column {kind}, or one {kind} for the whole file, would pass."
    if not name.isprintable() or len(name) > MOST_NAME:
        return f"{kind} is {in_text(name)}. The name of a {kind} of ours would pass."
    return ""
