"""Set-based SQL of sums and minutes: delete and insert, grouped by exactly the primary key."""

from apps.usage.selectors.schema import KEY, SUMS, minutes_of

_KEY = ", ".join(KEY)
_NAMES = ", ".join(SUMS)
_RAW_KEY = ", ".join("coalesce(price_set_id, 0)" if k == "price_set_id" else k for k in KEY)
_GROUPS = ", ".join(str(n) for n in range(1, len(KEY) + 2))
HOUR_OF = "date_bin('1 hour', ts, '2000-01-01 00:00+00')"
DAY_OF = "date_bin('1 day', hour, '2000-01-01 00:00+00')"

HOURS = f"""
INSERT INTO usage_hour (hour, {_KEY}, {_NAMES})
SELECT {HOUR_OF}, {_RAW_KEY}, {", ".join(SUMS.values())}
FROM usage_record
WHERE ts >= %(lo)s AND ts < %(hi)s AND role = 0
GROUP BY {_GROUPS} ORDER BY 1, 5
"""  # noqa: S608
MINUTES = f"INSERT INTO usage_minute (hour, deployment_id, minutes) {minutes_of()}"
DAYS = f"""
INSERT INTO usage_day (day, {_KEY}, {_NAMES})
SELECT {DAY_OF}, {_KEY}, {", ".join(f"sum({name})::bigint" for name in SUMS)}
FROM usage_hour
WHERE hour >= %(lo)s AND hour < %(hi)s
GROUP BY {_GROUPS} ORDER BY 1, 5
"""  # noqa: S608
