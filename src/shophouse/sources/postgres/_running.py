"""When the oldest of the running transactions began: what they have yet to commit can't be stamped earlier.

Asked before a snapshot is taken. What that snapshot does not see is written by transactions that were running then, or
began later. `now()`, `clock_timestamp()` and the like are not earlier than the start of their transaction, however long
it takes. (Each of several transactions in one message begins when the message came, so that moment counts.) What was
prepared (`prepare transaction`) no longer says when it began.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shophouse.quoting import identifier

if TYPE_CHECKING:
    import psycopg

__all__ = ["Running"]

# a server says so in place of what it hides; where nothing is tracked, the state is disabled
_OLDEST = """
select
    pg_is_in_recovery(),
    count(*) filter (where query = '<insufficient privilege>' or state = 'disabled') > 0,
    to_char(
        least(
            statement_timestamp(),
            min(xact_start),
            -- what sends the log answers one message as long as it is there
            min(query_start) filter (where backend_type = 'client backend' and state <> 'idle')
        ) at time zone 'UTC',
        'YYYY-MM-DD HH24:MI:SS.US'
    ),
    current_user::text
from pg_catalog.pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
    -- it writes no rows, and may be at it for days
    and coalesce(backend_type, '') <> 'autovacuum worker'
"""
_PREPARED = "select exists (select from pg_catalog.pg_prepared_xacts where database = current_database())"


@dataclass(frozen=True)
class Running:
    began: str | None
    """The start of the oldest running transaction in UTC, by the database's clock; None where it is not known."""
    why: str = ""
    """Why it is not known."""

    @classmethod
    def of(cls, connection: psycopg.Connection[Any]) -> Running:
        """Of now, by a connection that commits each statement."""
        row = connection.execute(_OLDEST).fetchone()
        assert row is not None
        in_recovery, is_hidden, began, user = row
        if in_recovery:
            return cls(None, "a standby does not say when the transactions of its primary began")
        if is_hidden:
            return cls(
                None,
                "not all transactions can be seen; who runs the database may write"
                f"   grant pg_read_all_stats to {identifier(user)};",
            )
        # in this order: what was prepared between the two is in both
        (is_prepared,) = connection.execute(_PREPARED).fetchone() or (True,)
        return cls(None, "a prepared transaction waits, whose start is unknown") if is_prepared else cls(began)
