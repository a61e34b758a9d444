"""Static files are collected once and come compressed; pages never do."""

import gzip
import os

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from portal.settings import BASE_DIR

OWN = "django.contrib.staticfiles.finders.FileSystemFinder"
PLOTLY = "vendor/plotly-basic.min.js"
ASKED = {"accept-encoding": "gzip, deflate, br"}


@pytest.fixture
def collected(settings, tmp_path):
    """Collect as the image and `up` do."""
    settings.STATIC_ROOT, settings.WHITENOISE_USE_FINDERS = str(tmp_path), False
    settings.STATICFILES_FINDERS = [OWN]
    call_command("collectstatic", interactive=False, verbosity=0)
    return tmp_path


@pytest.mark.django_db
def test_a_static_file_comes_compressed_and_a_page_does_not(collected):
    client = Client()
    whole = (BASE_DIR / "static" / PLOTLY).read_bytes()
    answer = client.get(f"/static/{PLOTLY}", headers=ASKED)
    body = answer.getvalue()
    assert answer["Content-Encoding"] == "gzip"
    assert gzip.decompress(body) == whole
    assert len(body) < len(whole) / 2
    again = client.get(f"/static/{PLOTLY}", headers={**ASKED, "if-none-match": answer["ETag"]})
    assert again.status_code == 304
    plain = client.get(f"/static/{PLOTLY}")
    assert ("Content-Encoding" in plain, plain.getvalue()) == (False, whole)
    page = client.get(reverse("account_login"), headers=ASKED)
    assert ("Content-Encoding" in page, b"csrfmiddlewaretoken" in page.content) == (False, True)


def test_a_warm_start_compresses_nothing_and_a_changed_file_anew(collected):
    copy = collected / f"{PLOTLY}.gz"
    copy.write_bytes(b"as it was")
    mtime = (collected / PLOTLY).stat().st_mtime_ns
    os.utime(copy, ns=(mtime, mtime))
    call_command("collectstatic", interactive=False, verbosity=0)
    assert copy.read_bytes() == b"as it was"
    os.utime(copy, ns=(0, 0))
    call_command("collectstatic", interactive=False, verbosity=0)
    assert gzip.decompress(copy.read_bytes()) == (BASE_DIR / "static" / PLOTLY).read_bytes()
