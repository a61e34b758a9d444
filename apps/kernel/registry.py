"""Named things that later chapters add: request kinds, provisioners, meters."""

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Registry(Generic[T]):
    """A dictionary that refuses a second thing under one name and explains a missing one."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._items: dict[str, T] = {}

    def register(self, name: str, item: T) -> None:
        """Add `item`; a second one under the same name is a programming error."""
        if name in self._items:
            raise ValueError(f"There is already a {self.what} named {name!r}.")
        self._items[name] = item

    def get(self, name: str) -> T:
        """Return the item, or raise LookupError naming those that exist."""
        try:
            return self._items[name]
        except KeyError:
            known = ", ".join(sorted(self._items)) or "none"
            raise LookupError(f"No {self.what} {name!r}; there are: {known}.") from None

    def __contains__(self, name: str) -> bool:
        return name in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._items))

    def items(self) -> list[tuple[str, T]]:
        """Return (name, item) pairs in the order of the names."""
        return sorted(self._items.items())
