"""A crash is the server ending our connection before the n-th statement."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from django.db import DatabaseError, InterfaceError, connection


@dataclass
class Crash:
    """What became of it: `happened` is False when fewer than n statements were run."""

    happened: bool = False
    statements: int = 0
    errors = (DatabaseError, InterfaceError, psycopg.Error)


@contextmanager
def connection_ends_before(n: int) -> Iterator[Crash]:
    """End the default connection before its `n`-th statement (1 = the first) of the block.

    COMMIT is no statement of the wrapper; a crash before the last statement covers it, and one
    after the block's end is a crash after COMMIT.
    """
    crash = Crash()

    def wrapper(execute, sql, params, many, context):
        crash.statements += 1
        if crash.statements == n and not crash.happened:
            crash.happened = True
            pid = context["connection"].connection.info.backend_pid
            with psycopg.connect(_address(), autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield crash


def _address() -> str:
    params = connection.get_connection_params()
    known = ("dbname", "host", "user", "password", "port")
    return psycopg.conninfo.make_conninfo(**{k: params[k] for k in known if params.get(k)})
