"""What later chapters say to requests, in its own words."""

from typing import Protocol


class AboutRequest(Protocol):
    """An event about the work for a request."""

    @property
    def request_id(self) -> int:
        """Name the request."""


class Trouble(AboutRequest, Protocol):
    """An event that says in a sentence what went wrong."""

    @property
    def sentence(self) -> str:
        """Say it to people."""
