"""The views that a person saved."""

from django.db.models import QuerySet

from apps.teams.models import Person
from apps.usage.models import SavedView


def saved_views(viewer: Person, page: str) -> QuerySet[SavedView]:
    """Return the viewer's own views of a page, by name."""
    return SavedView.objects.filter(person=viewer, page=page)
