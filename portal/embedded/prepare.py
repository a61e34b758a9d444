"""Prepare the database in one process: migrate, load the catalogue, seed the demonstration.

After a form feed come the demo sign-ins, if there are any.
"""

import io
import sys

import django
from django.conf import settings
from django.core.management import call_command

if __name__ == "__main__":
    django.setup()
    call_command("migrate", interactive=False, verbosity=1)
    call_command("check", databases=["default"])  # refuses demo accounts outside demo mode
    call_command("load_catalog")
    if settings.DEMO:
        shown = io.StringIO()
        call_command("seed_demo", stdout=shown)
        sys.stdout.write("\f" + shown.getvalue())
