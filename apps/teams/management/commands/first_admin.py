"""`manage first_admin --email … --name …`: the first account, with a one-time link."""

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from apps.kernel.errors import PortalError
from apps.teams import services


class Command(BaseCommand):
    """Make the first platform admin; refuses while there is one."""

    help = "Make the first platform admin and print a one-time link that sets the password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take whom to make, and whether to pass although there is an admin."""
        parser.add_argument("--email", required=True)
        parser.add_argument("--name", required=True)
        parser.add_argument("--force", action="store_true", help="although there is an admin")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the account and print the link; it is shown here only."""
        email, name = options["email"].strip(), options["name"].strip()
        try:
            validate_email(email)
            link = services.first_admin(email=email, name=name, force=options["force"])
        except ValidationError:
            raise CommandError(f"{email} is no e-mail address.") from None
        except PortalError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"{name} sets a password here, once, within three days:\n{link}")
