"""How workloads call and how models answer: the shapes that the demo's traffic is drawn from.

Sizes and speeds follow what is published: the sizes of chat calls lean on Azure's LLM inference
trace of 2023 (CC-BY-4.0), the share of cached input on Mooncake's conversation trace, and how
answers slow down under load on Kaito's benchmarks (both Apache-2.0).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from portal.demo import data


@dataclass(frozen=True)
class Shape:
    """When and how a workload calls.

    `hours` has one digit for each hour of a working day (UTC), 9 is the busiest; `weekend` and
    `growth` are factors, of a working day and of a quarter. Tokens are medians, `hits` is the
    share of calls whose prompt begins as an earlier one, which Azure answers from its cache.
    """

    hours: str
    weekend: float
    growth: float
    input_tokens: int
    output_tokens: int
    hits: float = 0.3
    spread: float = 0.7  # sigma of the logarithm of tokens
    streams: bool = False
    peak_minute: int | None = None  # where the calls of an hour crowd
    learns: bool = False  # its prompts were put into a better order, so hits grow

    @property
    def curve(self) -> npt.NDArray[np.float64]:
        """The hours as numbers."""
        return np.array([*self.hours], np.float64)


SHAPES = {
    "chat": Shape("000001269988799865321000", 0.12, 1.22, 1300, 240, 0.35, streams=True),
    "triage": Shape("111112358989788976432111", 0.35, 1.30, 900, 150, 0.60, learns=True),
    "evening": Shape(
        hours="000000000000000000910000",
        weekend=0.10,
        growth=1.12,
        input_tokens=27_000,
        output_tokens=180,
        hits=0.55,
        spread=0.35,
        peak_minute=43,
        learns=True,
    ),
    "public": Shape("321113468999888998876543", 0.75, 1.15, 850, 170, 0.45, streams=True),
    "documents": Shape("000001379998789974210000", 0.08, 1.18, 5200, 380, 0.08, 0.9),
    "search": Shape("111112469988799875432111", 0.30, 1.10, 420, 60, 0.0, 0.9),
    "night": Shape("379741000000000000000002", 0.70, 1.02, 2800, 320, 0.20),
    "steady": Shape("555556677888888887777665", 0.65, 1.06, 480, 24, 0.15, 0.5),
    "code": Shape("000001379998689986431000", 0.10, 1.55, 7600, 420, 0.65, 0.8, streams=True),
}
WEEK = (1.08, 1.05, 1.02, 1.0, 0.85)  # Monday to Friday


@dataclass(frozen=True)
class Speed:
    """How a model answers: the first token, each further one, and how much of it is reasoning."""

    first_ms: int
    token_ms: float
    reasoning: float = 0.0


SPEEDS = {
    "gpt-5.1": Speed(520, 11.0, 0.30),
    "gpt-5": Speed(900, 14.0, 0.45),
    "gpt-5-mini": Speed(380, 7.5, 0.30),
    "gpt-5-nano": Speed(260, 5.0, 0.20),
    "gpt-5.1-codex": Speed(610, 11.5, 0.40),
    "gpt-5.1-codex-mini": Speed(400, 7.5, 0.30),
    "gpt-4.1": Speed(480, 13.0),
    "gpt-4.1-mini": Speed(340, 8.0),
    "gpt-4o": Speed(460, 12.0),
    "o3-pro": Speed(6500, 28.0, 0.75),
    "o4-mini": Speed(1100, 9.0, 0.55),
    "text-embedding-3-large": Speed(85, 0.0),
    "text-embedding-3-small": Speed(60, 0.0),
}


def uses() -> dict[str, tuple[list[Shape], int]]:
    """Return the shapes of each workload and its calls a day, by `team/workload`."""
    return {
        f"{one['team']}/{one['workload']}": (
            [SHAPES[name] for name in one["shapes"].split()],
            int(one["calls"]),
        )
        for one in data.rows("workloads")
    }
