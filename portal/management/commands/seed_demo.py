"""`manage seed_demo`: make the demo organisation and its history, and print who can sign in."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from portal import demo


class Command(BaseCommand):
    """Seed the demo organisation; refuses outside demo mode."""

    help = "Make the demo organisation and its history up to now, and print who can sign in."

    def handle(self, *args: Any, **options: Any) -> None:
        """Seed what is missing and print the sign-ins."""
        if not settings.DEMO:
            raise CommandError(
                "Demo people exist only with the sandbox, the embedded database and a loopback "
                "address. Use `manage.py first_admin --email …` instead."
            )
        until = timezone.now().replace(minute=0, second=0, microsecond=0)
        demo.seed(until)
        self.stdout.write(f"Sign in with the password {demo.PASSWORD} as")
        for person in demo.PEOPLE:
            role = person.role.label.lower()
            self.stdout.write(f"  {person.email:<28}{role:<16}{person.does}")
