"""`manage seed_demo`: make the demo organisation, once, and print who can sign in."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal import demo


class Command(BaseCommand):
    """Seed the demo organisation; refuses outside demo mode."""

    help = "Make the demo organisation, once, and print who can sign in."

    def handle(self, *args: Any, **options: Any) -> None:
        """Seed what is missing and print the sign-ins."""
        if not settings.DEMO:
            raise CommandError(
                "Demo people exist only with the sandbox, the embedded database and a loopback "
                "address. Use `manage.py first_admin --email …` instead."
            )
        demo.seed_requests(demo.seed_organisation())
        self.stdout.write(f"Sign in with the password {demo.PASSWORD} as")
        for person in demo.PEOPLE:
            role = person.role.label.lower()
            self.stdout.write(f"  {person.email:<28}{role:<16}{person.does}")
