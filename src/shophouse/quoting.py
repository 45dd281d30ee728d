"""Names and texts as they stand in SQL."""

from __future__ import annotations

__all__ = ["identifier", "literal"]


def identifier(*parts: str) -> str:
    """A quoted name, as "public"."orders"."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def literal(value: str) -> str:
    """A text, as 'it''s'."""
    return "'" + value.replace("'", "''") + "'"
