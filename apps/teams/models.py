"""Business units, teams, workloads, environments, people and their roles."""

from datetime import date
from functools import cached_property
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower, Now

from apps.teams.roles import Role


class BusinessUnit(models.Model):
    """Who pays: a unit with its cost centre, from a day until (before) another."""

    name = models.CharField(max_length=100, unique=True)
    slug = models.SlugField(max_length=40, unique=True)
    cost_centre = models.CharField(max_length=40)
    active_from = models.DateField()
    active_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(active_to__isnull=True)
                | models.Q(active_to__gt=models.F("active_from")),
                name="bu_ends_after_it_starts",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def scope(self) -> str:
        """The path that audit entries and permissions use."""
        return f"bu:{self.pk}"

    def active_on(self, day: date) -> bool:
        """Say whether the unit exists on a (UTC) day."""
        return self.active_from <= day and (self.active_to is None or day < self.active_to)


class Team(models.Model):
    """Who asks; belongs to one business unit; its cost centre overrides the unit's."""

    business_unit = models.ForeignKey(BusinessUnit, models.PROTECT, related_name="teams")
    name = models.CharField(max_length=100)
    slug = models.SlugField(max_length=40, unique=True)
    cost_centre = models.CharField(max_length=40, blank=True)
    active_from = models.DateField()
    active_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business_unit", "name"], name="team_once_per_bu"),
            models.CheckConstraint(
                condition=models.Q(active_to__isnull=True)
                | models.Q(active_to__gt=models.F("active_from")),
                name="team_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def scope(self) -> str:
        """The path that audit entries and permissions use."""
        return f"bu:{self.business_unit_id}/team:{self.pk}"

    def active_on(self, day: date) -> bool:
        """Say whether the team, and the unit it belongs to, exist on a (UTC) day."""
        begun_and_not_ended = self.active_from <= day and (
            self.active_to is None or day < self.active_to
        )
        return begun_and_not_ended and self.business_unit.active_on(day)


class Workload(models.Model):
    """An application of a team; its slug is part of the names of what is built for it."""

    team = models.ForeignKey(Team, models.PROTECT, related_name="workloads")
    slug = models.SlugField(max_length=40)
    description = models.CharField(max_length=200, blank=True)
    active_from = models.DateField()
    active_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "slug"], name="workload_once_per_team")
        ]

    def __str__(self) -> str:
        return self.slug


class Environment(models.Model):
    """dev, test, prod …; `tier` says which subscription carries it.

    What is built for it lives `lifetime_days` from its build or renewal, or without end (None);
    then it is retired by itself where `retires_expired`, else people are reminded.
    """

    class Tier(models.TextChoices):
        """Which of the two subscriptions."""

        PROD = "prod", "Production"
        NONPROD = "nonprod", "Non-production"

    slug = models.SlugField(max_length=12, unique=True)
    label = models.CharField(max_length=40)
    tier = models.CharField(max_length=8, choices=Tier.choices)
    position = models.PositiveSmallIntegerField()
    lifetime_days = models.PositiveSmallIntegerField(null=True, blank=True)
    retires_expired = models.BooleanField(default=False)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(lifetime_days__isnull=True) | models.Q(lifetime_days__gt=0),
                name="environment_lives_a_day",
            )
        ]

    def __str__(self) -> str:
        return self.label


class PersonManager(BaseUserManager["Person"]):
    """Make people; e-mail addresses are compared without case."""

    def get_by_natural_key(self, username: str | None) -> "Person":
        """Find by e-mail, whatever its case."""
        return self.get(email__iexact=username)


class Person(AbstractBaseUser):
    """Somebody who can sign in. `demo` people exist only in demo mode."""

    email = models.EmailField()
    name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)
    demo = models.BooleanField(default=False)
    joined_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[PersonManager] = PersonManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        verbose_name_plural = "people"
        constraints = [models.UniqueConstraint(Lower("email"), name="one_person_per_email")]

    def __str__(self) -> str:
        return self.name

    @property
    def ref(self) -> str:
        """The text reference used in audit entries."""
        return f"person:{self.pk}"

    @property
    def display_name(self) -> str:
        """The name that is frozen into audit entries."""
        return self.name

    @property
    def first_name(self) -> str:
        """The name for headlines."""
        return self.name.split()[0] if self.name else self.email

    @cached_property
    def held(self) -> list["Membership"]:
        """Memberships, read once per request."""
        return list(self.memberships.select_related("team__business_unit", "business_unit"))


class Membership(models.Model):
    """A role of a person for one team, one business unit, or (neither) the whole platform."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True)
    business_unit = models.ForeignKey(BusinessUnit, models.CASCADE, null=True, blank=True)
    granted_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "role", "team", "business_unit"],
                name="membership_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=models.Q(team__isnull=True) | models.Q(business_unit__isnull=True),
                name="membership_one_scope",
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="membership_known_role"
            ),
        ]

    def __str__(self) -> str:
        where = self.team or self.business_unit or "the platform"
        return f"{Role(self.role).label} of {where}"


class ApiToken(models.Model):
    """Lets a program act as a person; only a hash of it is kept.

    `prefix` is the part that lists show, to tell one token from another. `reads_only` tokens pass
    no call that changes something.
    """

    person = models.ForeignKey(Person, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=12, unique=True)
    sha256 = models.CharField(max_length=64, unique=True)
    reads_only = models.BooleanField(default=False)
    made_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "name"],
                condition=models.Q(ended_at__isnull=True),
                name="token_name_once_per_person",
            ),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("made_at")), name="token_ends_after_made"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def ref(self) -> str:
        """The text reference used in audit entries."""
        return f"token:{self.pk}"
