"""Prepare the database in one process: migrate, check, load the catalogue, seed the demo."""

import io

import django
from django.conf import settings
from django.core.management import call_command


def prepare() -> str:
    """Bring the database up to date; return the demo sign-ins, empty outside demo mode."""
    django.setup()
    call_command("migrate", interactive=False)
    call_command("check", tags=["database"], databases=["default"])  # demo accounts, for one
    call_command("load_catalog")
    call_command("keep_usage_days")
    sign_ins = io.StringIO()
    if settings.DEMO:
        call_command("seed_demo", stdout=sign_ins)
    return sign_ins.getvalue().strip()


if __name__ == "__main__":
    prepare()
