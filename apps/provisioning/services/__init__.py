"""Queue work, keep what was built, and let it end; nothing here talks to Azure.

Whoever moves a job locks it first, then its request, then the resource.
"""

from apps.provisioning.services.acts import ask_decommission, ask_renewal, begin_change
from apps.provisioning.services.built import extend, keep_built
from apps.provisioning.services.carry import carry_out, require_present
from apps.provisioning.services.endings import note_ending, remind, restore, retire
from apps.provisioning.services.jobs import (
    give_up,
    queue_build,
    queue_what_if,
    redo_what_if,
    retry_job,
)

__all__ = [
    "ask_decommission",
    "ask_renewal",
    "begin_change",
    "carry_out",
    "extend",
    "give_up",
    "keep_built",
    "note_ending",
    "queue_build",
    "queue_what_if",
    "redo_what_if",
    "remind",
    "require_present",
    "restore",
    "retire",
    "retry_job",
]
