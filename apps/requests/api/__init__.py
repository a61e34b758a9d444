"""The API of requests: the same services, rights and rules as the pages."""

from apps.requests.api.kinds import estimate, options
from apps.requests.api.requests import Messages, RequestDetail, RequestList, submit, withdraw

__all__ = [
    "Messages",
    "RequestDetail",
    "RequestList",
    "estimate",
    "options",
    "submit",
    "withdraw",
]
