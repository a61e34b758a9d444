"""Who acts: a person, or the portal itself."""

from dataclasses import dataclass
from typing import Protocol


class Actor(Protocol):
    """Somebody whose acts are recorded; `ref` is a text reference such as `person:7`."""

    @property
    def ref(self) -> str:
        """The text reference."""
        ...

    @property
    def display_name(self) -> str:
        """The name that is frozen beside the reference."""
        ...


@dataclass(frozen=True)
class System:
    """The portal acting by itself: a worker, a schedule, a listener."""

    ref: str = "system"
    display_name: str = "the portal"


SYSTEM = System()
