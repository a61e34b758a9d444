"""The audit trail is append-only, whoever asks."""

import pytest
from django.db import DatabaseError, transaction

from apps.kernel import audit
from apps.kernel.actors import SYSTEM
from apps.kernel.models import AuditEntry


@pytest.mark.django_db
@pytest.mark.parametrize(
    "tamper",
    [lambda: AuditEntry.objects.update(note="x"), lambda: AuditEntry.objects.all().delete()],
)
def test_the_database_refuses_changes(tamper):
    audit.record(subject="request:1", verb="submitted", by=SYSTEM)
    with pytest.raises(DatabaseError, match="never changed or deleted"), transaction.atomic():
        tamper()
    assert AuditEntry.objects.get().note == ""
