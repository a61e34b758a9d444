"""The API of usage: the questions of the pages, with their rights, in exact numbers."""

from apps.usage.api.usage import usage

__all__ = ["usage"]
