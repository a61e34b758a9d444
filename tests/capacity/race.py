"""Many real connections that start at the same moment."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, connections


@contextmanager
def unpooled() -> Iterator[None]:
    """Give every thread a database connection of its own, however small the pool is."""
    options = connections.settings["default"]["OPTIONS"]
    pool = options.get("pool")
    connection.close()
    options["pool"] = False
    try:
        yield
    finally:
        connection.close()
        options["pool"] = pool


def at_once(acts):
    """Run the acts in threads that wait for each other; returns what each returned or raised."""
    barrier, outcomes = threading.Barrier(len(acts)), [None] * len(acts)

    def run(index, act):
        try:
            connection.ensure_connection()
            barrier.wait(30)
            outcomes[index] = act()
        except Exception as error:  # noqa: BLE001
            outcomes[index] = error
        finally:
            connection.close()

    with unpooled():
        threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in threads)
    return outcomes
