"""Read usage files: each good row as an event, each other row with the sentence that refuses it.

`formats` says what a file has in it; `lines`, `delimited`, `ndjson` and `parquet` read it; `rows`
judges; `pairs` finds who called what; `event_ids` gives each call its name.
"""

from apps.usage.collectors.files import Part, UsageFile
from apps.usage.collectors.formats import FORMATS
from apps.usage.collectors.pairs import Pairs

__all__ = ["FORMATS", "Pairs", "Part", "UsageFile"]
