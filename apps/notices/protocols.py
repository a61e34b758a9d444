"""The words of notices: topics, channels, modes, and a message as it goes out."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import models


class Topic(models.TextChoices):
    """What a notice is about, for the person who gets it."""

    DECIDE = "decide", "Waits for my decision"
    MINE = "mine", "My own requests"
    TEAM = "team", "Requests of my team"
    HELP = "help", "Builds that need the platform"
    SECURITY = "security", "My account and my roles"


class Channel(models.TextChoices):
    """How a person is reached."""

    PORTAL = "portal", "In the portal"
    EMAIL = "email", "By e-mail"


class Mode(models.TextChoices):
    """When a person is reached."""

    NOW = "now", "At once"
    DAILY = "daily", "Once a day"
    OFF = "off", "Not"


OFFERED: Mapping[Channel, Sequence[Mode]] = {
    Channel.PORTAL: (Mode.NOW, Mode.OFF),
    Channel.EMAIL: (Mode.NOW, Mode.DAILY, Mode.OFF),
}
DEFAULTS: Mapping[Channel, Mapping[Topic, Mode]] = {
    Channel.PORTAL: dict.fromkeys(Topic, Mode.NOW),
    Channel.EMAIL: {**dict.fromkeys(Topic, Mode.NOW), Topic.TEAM: Mode.DAILY},
}
# Nobody can switch off what tells them that somebody changed their account.
MANDATORY = frozenset({Topic.SECURITY})
# What a channel in Teams may be told about, in words that fit everybody there.
SHARED: Mapping[str, str] = {
    Topic.DECIDE: "Requests that wait for a decision",
    Topic.TEAM: "What becomes of requests",
    Topic.HELP: "Builds that need the platform",
}


@dataclass(frozen=True)
class Line:
    """One notice as it goes out: no more than its title, its sentence and its page."""

    title: str
    body: str
    url: str


@dataclass(frozen=True)
class Letter:
    """What one delivery says; `key` is the same when it is sent again, `more` counts the rest."""

    key: str
    to: str
    subject: str
    lines: Sequence[Line]
    more: int
    portal_url: str
    preferences_url: str


def one_line(text: str, most: int) -> str:
    """Write a text on one line without control characters, clipped to `most` characters.

    Titles and reasons hold what people typed: a line break in one would start a header of a mail,
    and a character that turns the writing around would hide what stands behind it.
    """
    seen = "".join(c for c in " ".join(text.split()) if unicodedata.category(c)[0] != "C")
    return seen if len(seen) <= most else f"{seen[: most - 1].rstrip()}…"
