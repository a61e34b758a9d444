"""Keep the address of a page under a name, for the person who saved it."""

from django.db import transaction
from django.http import QueryDict

from apps.kernel.errors import ConflictError, InvalidError, NotFoundError
from apps.teams.models import Person
from apps.usage.models import SavedView

MOST = 50  # of one person
LONGEST_NAME, LONGEST_QUERY = 60, 500


def save_view(*, page: str, name: str, query: str, by: Person) -> SavedView:
    """Save what an address asks for.

    Raises InvalidError for a name or an address that is too long, ConflictError where the name is
    taken or the person has 50 views.
    """
    name, query = " ".join(name.split()), QueryDict(query).urlencode()
    _check(name, query)
    with transaction.atomic():
        # Two windows of one person wait for each other here, so that nobody gets a 51st view.
        Person.objects.select_for_update().get(pk=by.pk)
        if SavedView.objects.filter(person=by, page=page, name=name).exists():
            raise ConflictError(
                f"You have a view named “{name}” here. Choose another name, or delete that one."
            )
        if SavedView.objects.filter(person=by).count() >= MOST:
            raise ConflictError(f"You have {MOST} saved views, the most there can be. Delete one.")
        return SavedView.objects.create(person=by, page=page, name=name, query=query)


def _check(name: str, query: str) -> None:
    if not name or len(name) > LONGEST_NAME:
        raise InvalidError(
            f"A view needs a name of 1 to {LONGEST_NAME} characters, such as “Claims, last week”.",
            {"name": f"1 to {LONGEST_NAME} characters."},
        )
    if len(query) > LONGEST_QUERY:
        raise InvalidError(
            "This page has too many filters to be saved. Take some away and save it again.",
            {"query": f"{LONGEST_QUERY} characters at most."},
        )


def delete_view(*, pk: int, by: Person) -> SavedView:
    """Delete one's own view and return what it was; raises NotFoundError for any other."""
    with transaction.atomic():
        row = SavedView.objects.select_for_update().filter(pk=pk, person=by).first()
        if row is None:
            raise NotFoundError
        row.delete()
    return row
