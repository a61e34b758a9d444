"""Write down every HTTP exchange with Azure: who for, what, how it ended; no bodies, no queries."""

import time
from typing import Any
from urllib.parse import urlsplit

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy

from apps.cloud.models import AzureCall


class Recorder(HTTPPolicy[Any, Any]):
    """The pipeline policy that keeps one AzureCall per exchange, retries included.

    The query is left out: the addresses that Azure gives for polling carry signed tokens in it.
    """

    def __init__(self, subject: str) -> None:
        super().__init__()
        self.subject = subject

    def send(self, request: PipelineRequest[Any]) -> PipelineResponse[Any, Any]:
        """Pass the request on and record how it ended, also when nobody answered."""
        began, answer = time.monotonic(), None
        try:
            answer = self.next.send(request)
        finally:
            http, took = request.http_request, time.monotonic() - began
            heard = answer.http_response.headers if answer is not None else {}
            AzureCall.objects.create(
                subject=self.subject,
                method=http.method,
                path=urlsplit(http.url).path[:600],
                status=answer.http_response.status_code if answer is not None else None,
                took_ms=round(took * 1000),
                client_request_id=http.headers.get("x-ms-client-request-id", "")[:64],
                request_id=heard.get("x-ms-request-id", "")[:64],
                correlation_request_id=heard.get("x-ms-correlation-request-id", "")[:64],
            )
        return answer
