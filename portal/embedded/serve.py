"""The web server of `up`: prepare database and static files, then serve from the same process.

Django is imported once for both and inherited by gunicorn's workers, which halves the time to the
first page.
"""

import sys

from django.core.management import call_command
from django.db import connections
from gunicorn.app.wsgiapp import run

from portal.embedded.prepare import prepare
from portal.embedded.role import web
from portal.embedded.state import write_privately

if __name__ == "__main__":
    write_privately("sign-ins", prepare())
    call_command("collectstatic", interactive=False, verbosity=0)
    for connection in connections.all():  # a pool does not survive the fork
        connection.close()
        connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's own
    sys.argv = ["gunicorn", *web(sys.argv[1])[3:]]
    run()
