"""Refuse what somebody may not do; change who may do what, and who pays for a team."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from apps.kernel import audit
from apps.kernel.actors import SYSTEM, Actor, System
from apps.kernel.errors import ConflictError, NotAllowedError
from apps.kernel.events import tell
from apps.teams import selectors
from apps.teams.events import RoleGranted, RoleRevoked, TeamMoved
from apps.teams.models import BusinessUnit, Environment, Membership, Person, Team
from apps.teams.roles import Action, Role, roles_that_may

SOMEBODY = System(ref="anonymous", display_name="somebody not signed in")
ENVIRONMENTS = (
    ("dev", "Development", Environment.Tier.NONPROD),
    ("test", "Test", Environment.Tier.NONPROD),
    ("prod", "Production", Environment.Tier.PROD),
)


def require(person: Person, action: Action, scope: selectors.Scope) -> None:
    """Let a person do something in a scope (None: the whole platform), or say who may."""
    if not selectors.may(person, action, scope):
        raise NotAllowedError(f"{_who_may(action)} {scope or 'the whole platform'} may do this.")


def require_anywhere(person: Person, action: Action) -> None:
    """Let a person do something in at least one scope, or say who may."""
    if not selectors.may_anywhere(person, action):
        raise NotAllowedError(f"{_who_may(action)} a team, a unit or the platform may do this.")


def _who_may(action: Action) -> str:
    *most, last = [role.label.lower() for role in roles_that_may(action)]
    names = f"{', '.join(most)} or {last}" if most else last
    return f"This is “{action.label.lower()}”: only a {names} of"


@transaction.atomic
def grant_role(
    *,
    person: Person,
    role: Role,
    team: Team | None = None,
    business_unit: BusinessUnit | None = None,
    by: Actor,
) -> Membership:
    """Give a person a role for one team, one unit, or (neither) the whole platform; once."""
    _only_admins(by)
    held, new = Membership.objects.get_or_create(
        person=person, role=role, team=team, business_unit=business_unit
    )
    if new:
        _record_role(held, "granted a role", by)
        tell(RoleGranted(person.pk, str(held)))
    return held


@transaction.atomic
def revoke_role(*, membership: Membership, by: Actor) -> None:
    """Take a role back; no person takes it from the last platform admin."""
    _only_admins(by, loses=Q(pk=membership.pk))
    if Membership.objects.filter(pk=membership.pk).delete()[0]:
        _record_role(membership, "revoked a role", by)
        tell(RoleRevoked(membership.person_id, str(membership)))


@transaction.atomic
def move_team(*, team: Team, to: BusinessUnit, by: Actor) -> None:
    """Let another unit own and pay for a team from now on; what it has used stays with the old one.

    The team is locked before anything else: whatever opens or builds something for it at the same
    time is over before the move, or begins after it.
    """
    _only_admins(by, act="move a team")
    old = Team.objects.select_for_update().get(pk=team.pk).business_unit
    new = BusinessUnit.objects.select_for_update(no_key=True).get(pk=to.pk)
    if refused := _why_not_move(team, old, new):
        raise ConflictError(refused)
    at = timezone.now()
    for unit, verb in ((old, "moved a team out"), (new, "moved a team in")):
        audit.record(
            subject=f"team:{team.pk}",
            subject_name=team.name,
            verb=verb,
            scope=unit.scope,
            before={"business_unit": old.name},
            after={"business_unit": new.name},
            by=by,
        )
    Team.objects.filter(pk=team.pk).update(business_unit=new)
    team.business_unit = new
    tell(TeamMoved(team.pk, from_unit_id=old.pk, to_unit_id=new.pk, at=at))


def _why_not_move(team: Team, old: BusinessUnit, new: BusinessUnit) -> str:
    if new == old:
        return f"{team} belongs to {new} already. Pick another business unit."
    if not new.active_on(selectors.today()):
        until = f" until before {new.active_to}" if new.active_to else ""
        return (
            f"{new} is active from {new.active_from}{until}, so it cannot take a team today (UTC). "
            "Pick a business unit that is active today."
        )
    if new.teams.filter(name=team.name).exists():
        return f"{new} has a team {team} already. Rename one of the two, then move this one."
    return ""


@transaction.atomic
def deactivate(*, person: Person, by: Actor = SYSTEM) -> bool:
    """Close an account at once, its open sessions too; returns whether it was open.

    No person closes the last platform admin's; the portal itself may, when the demo ends.
    """
    _only_admins(by, loses=Q(person=person))
    closed = Person.objects.filter(pk=person.pk, is_active=True).update(is_active=False)
    if closed:
        audit.record(subject=person.ref, subject_name=person.name, verb="closed the account", by=by)
    person.is_active = False
    return bool(closed)


@transaction.atomic
def first_admin(*, email: str, name: str, force: bool = False) -> str:
    """Make the first platform admin and return a one-time link that sets the password.

    The link works once and for PASSWORD_RESET_TIMEOUT seconds (three days). While an active
    platform admin exists only `force` passes: for an organisation that is locked out.
    """
    ensure_environments()
    if selectors.platform_admins().exists() and not force:
        raise ConflictError(
            "There is a platform admin already, who can add people. If nobody can sign in any "
            "more, run this again with --force."
        )
    person = selectors.person_by_email(email)
    if person is None:
        person = Person(email=email, name=name)
        person.set_unusable_password()
    person.is_active = True
    person.save()
    grant_role(person=person, role=Role.PLATFORM_ADMIN, by=SYSTEM)
    audit.record(
        subject=person.ref, subject_name=person.name, verb="made a one-time link", by=SYSTEM
    )
    token = default_token_generator.make_token(person)
    path = reverse(
        "account_reset_password_from_key",
        kwargs={"uidb36": user_pk_to_url_str(person), "key": token},
    )
    return f"{settings.PORTAL_BASE_URL}{path}"


def ensure_environments() -> None:
    """Make the environments that are missing; those that exist stay as they are."""
    for position, (slug, label, tier) in enumerate(ENVIRONMENTS):
        Environment.objects.get_or_create(
            slug=slug, defaults={"label": label, "tier": tier, "position": position}
        )


def record_sign_in(*, person: Person) -> None:
    """Note that somebody signed in."""
    audit.record(subject=person.ref, subject_name=person.name, verb="signed in", by=person)


def record_failed_sign_in(*, email: str, tries_left: int) -> None:
    """Note a refused sign-in: for which e-mail, never with which password."""
    person = selectors.person_by_email(email)
    audit.record(
        subject=person.ref if person else "sign-in",
        subject_name=email,
        verb="failed to sign in" if tries_left else "was locked out",
        note="" if person else "There is no account with this e-mail.",
        by=SOMEBODY,
    )


def record_new_password(*, person: Person) -> None:
    """Note that a password was set, by its owner or with a one-time link."""
    audit.record(subject=person.ref, subject_name=person.name, verb="set the password", by=person)


def forget_sessions() -> None:
    """Delete the sessions that have run out; each sign-in leaves one."""
    SessionStore.clear_expired()


def _only_admins(by: Actor, *, act: str = "change who may what", loses: Q | None = None) -> None:
    """Refuse whoever is no platform admin, and to lose the last one: nobody could run the platform.

    The admins are locked, then read again: a lock alone shows them as they were before the wait.
    Of two who remove each other at once the second waits, and by then is no admin any more.
    """
    if not isinstance(by, Person):
        return
    admins = selectors.platform_admins()
    if loses:
        list(admins.select_for_update(of=("self",)).order_by("pk"))
    if not admins.filter(person=by).exists():
        raise NotAllowedError(f"Only a platform admin of the whole platform may {act}.")
    last = admins.filter(loses).first() if loses else None
    if last and not admins.exclude(loses).exists():
        raise ConflictError(
            f"{last.person} is the last platform admin. Give somebody else the role first."
        )


def _record_role(held: Membership, verb: str, by: Actor) -> None:
    scope = held.team or held.business_unit
    held.person.__dict__.pop("held", None)
    audit.record(
        subject=held.person.ref,
        subject_name=held.person.name,
        verb=verb,
        scope=scope.scope if scope else "",
        after={"role": held.role, "for": str(scope or "the platform")},
        by=by,
    )
