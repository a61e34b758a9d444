"""Long-running operations without waiting: start, keep the token, look again later."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azure.core.exceptions import HttpResponseError
from azure.mgmt.core.polling.arm_polling import ARMPolling


@dataclass(frozen=True)
class Running:
    """Azure works on it; any worker may look again with `token` after `retry_after` seconds."""

    token: str
    retry_after: float


@dataclass(frozen=True)
class Done:
    """Azure is through; `result` is its answer as JSON."""

    result: Mapping[str, Any]


class SingleLook(ARMPolling):
    """Poll once when told to, instead of in a thread that sleeps."""

    def __init__(self) -> None:
        super().__init__(timeout=0)

    def finished(self) -> bool:
        """Keep LROPoller from starting its thread."""
        return True

    def ended(self) -> bool:
        """Say whether Azure is through, well or not."""
        return bool(super().finished())

    def _poll(self) -> None:
        """Ask once; the base class then raises what failed and fetches what is final."""
        if not self.ended():
            self.update_status()
        if self.ended():
            super()._poll()

    def run(self) -> None:
        """Ask once; an error says whether the operation is over or only the asking failed."""
        try:
            super().run()
        except HttpResponseError as error:
            error.operation_is_over = self.ended()  # type: ignore[attr-defined]
            raise

    def begun(self) -> Running | Done:
        """Say where an operation stands right after it was started; raises if it failed at once."""
        if self.ended():
            self.run()
        return self._outcome()

    def looked(self) -> Running | Done:
        """Look once at an operation that was resumed from its token."""
        self.run()
        return self._outcome()

    def _outcome(self) -> Running | Done:
        if not self.ended():
            return Running(self.get_continuation_token(), self._extract_delay())
        answer = self._pipeline_response.http_response
        return Done(answer.json() if answer.text() else {})
