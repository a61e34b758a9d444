"""Pages and acts of requests: the list, the form, one request."""

from apps.requests.views.form import request_edit, request_form, request_new
from apps.requests.views.lists import requests, requests_csv
from apps.requests.views.page import (
    request,
    request_answer,
    request_change,
    request_clone,
    request_message,
    request_progress,
    request_submit,
    request_withdraw,
)
from apps.requests.views.presets import preset_delete, preset_rename, preset_save, presets

__all__ = [
    "preset_delete",
    "preset_rename",
    "preset_save",
    "presets",
    "request",
    "request_answer",
    "request_change",
    "request_clone",
    "request_edit",
    "request_form",
    "request_message",
    "request_new",
    "request_progress",
    "request_submit",
    "request_withdraw",
    "requests",
    "requests_csv",
]
