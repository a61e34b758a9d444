"""Name each call of a file by what it says, so that it counts once whatever the file is called.

The id is a UUID of version 5 (RFC 9562) in our namespace. Its name is the format's space and, as
big-endian 64-bit integers: workload id, deployment id, the time in 100 ns since 1970, each of
MEASURED (−1 where unknown), and how many equal rows stood before it in the file. An end user is
not in it: whoever knows the rest could guess him.
"""

import hashlib
from collections.abc import Mapping
from uuid import UUID

import numpy as np

from apps.usage.protocols import COUNTS, Column

NAMESPACE = UUID("0e695cf0-a0a0-489b-b332-4775377a9bbe")
MEASURED = ("status", "error_kind", "spillover", *COUNTS, "latency_ms", "ttft_ms")
NAMED = ("workload_id", "deployment_id", "time", *MEASURED)


class EventIds:
    """The ids of one file: equal rows are told apart by their order, so ask in the file's order.

    It remembers a digest of each row that it named.
    """

    def __init__(self, space: str) -> None:
        self._space = NAMESPACE.bytes + space.encode()
        self._seen: dict[bytes, int] = {}

    def __call__(self, columns: Mapping[str, Column]) -> Column:
        """Return the ids (V16) of rows given by the columns NAMED, equally long."""
        order = np.zeros(len(columns["time"]), np.int64)
        table = np.stack([*(columns[name] for name in NAMED), order], axis=1).astype(">i8")
        width, whole = table.shape[1] * 8, table.tobytes()
        sha1, space, seen = hashlib.sha1, self._space, self._seen
        digests = []
        for at in range(0, len(whole), width):
            row = space + whole[at : at + width]
            digest = sha1(row, usedforsecurity=False).digest()
            before = seen.get(digest, 0)
            seen[digest] = before + 1
            if before:
                row = row[:-8] + before.to_bytes(8, "big")
                digest = sha1(row, usedforsecurity=False).digest()
            digests.append(digest)
        ids = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 20)[:, :16].copy()
        ids[:, 6] = ids[:, 6] & 0x0F | 0x50
        ids[:, 8] = ids[:, 8] & 0x3F | 0x80
        return ids.view("V16").ravel()
