"""What `status` calls a part that does not answer."""

import os
import signal
import time

import pytest

from portal.embedded.children import Known, birth
from portal.embedded.report import STARTS_WITHIN_S, _word
from portal.embedded.state import Status

OLD = STARTS_WITHIN_S + 100


def part(*, age_s=0, lives=True):
    born = birth(os.getpid()) if lives else "somebody else’s"
    return Known(os.getpid(), born or "", signal.SIGTERM, time.time() - age_s)


def word(phase, name, known, *, ok=False):
    parts = {name: known} if known else {}
    status = Status(pid=1, phase=phase, url="", host="", port=0, parts=parts)
    return _word(status, name, ok)


@pytest.mark.parametrize(
    ("phase", "name", "known", "said"),
    [
        ("starting", "web", {"age_s": OLD}, "starting"),  # it prepares the database
        ("starting", "worker", None, "starting"),  # its turn comes
        ("starting", "web", {"lives": False}, "DOWN"),
        ("starting", "postgres", None, "DOWN"),  # one of the organisation's own
        ("ready", "web", {"age_s": OLD}, "DOWN"),
        ("ready", "web", {}, "starting"),  # restarted a moment ago
        ("ready", "worker", None, "DOWN"),
        ("stopping", "web", {"age_s": OLD}, "DOWN"),
    ],
)
def test_a_part_that_does_not_answer(phase, name, known, said):
    known = None if known is None else part(**known)  # its age is that of now
    assert word(phase, name, known) == said


def test_what_answers_is_ok_in_every_phase():
    assert {word(phase, "web", part(), ok=True) for phase in ("starting", "ready")} == {"ok"}
