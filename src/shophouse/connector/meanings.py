"""What the values of a column say of its meaning: yes and no, an amount or a share, words for the state of an order."""

from __future__ import annotations

import csv
import functools

from shophouse.connector.words import form, synonyms
from shophouse.project import package_warehouse
from shophouse.sources.schema import SourceColumn

__all__ = ["boolean_sql", "known_statuses", "share_sql", "status_sql"]

_NO = ("0", "f", "false", "n", "no", "nein")
_YES = ("1", "t", "true", "y", "yes", "j", "ja")
_FEW = 25
_LONG = 40


@functools.cache
def known_statuses() -> frozenset[str]:
    """The words for an order's state that the warehouse knows."""
    with (package_warehouse() / "seeds" / "order_statuses.csv").open(encoding="utf-8", newline="") as file:
        return frozenset(row["status"] for row in csv.DictReader(file))


def boolean_sql(base: str, column: SourceColumn) -> str | None:
    """SQL over the base model's column that is a boolean; None where its values are more than two."""
    values = {value.strip().lower() for value in column.sample.values}
    if column.type == "boolean":
        return base
    if column.type in ("integer", "bigint") and values <= {"0", "1"}:
        return f"{base} <> 0"
    if column.type == "text" and values and values <= {*_NO, *_YES}:
        yes = ", ".join(f"'{word}'" for word in _YES if word in values) or "'true'"
        return f"lower({base}) in ({yes})"
    return None


def share_sql(base: str, column: SourceColumn) -> tuple[str, str] | None:
    """The share of the line that a discount is, and how that is known; None where it is an amount of money."""
    numbers = column.sample.numbers()
    highest = max(numbers, default=0.0)
    if 0 < highest <= 1 and min(numbers) >= 0 and column.type != "integer":
        return f"cast({base} as decimal(9, 6))", f"its values are 0 to {highest:g}: a share of the line"
    if any(word in form(column.name) for word in ("percent", "pct", "prozent", "rate")):
        return f"cast({base} * 0.01 as decimal(9, 6))", "called a percentage"
    return None


def status_sql(sql: str, column: SourceColumn) -> tuple[str, str]:
    """The state in words that are known, and a note. Words that nobody can guess stay as they are, and are named."""
    plain = f"lower({sql})"
    seen = {value.strip().lower() for value in column.sample.values if value.strip()}
    # what many different values have is no list of words, and may be personal
    if not seen or len(seen) > _FEW or any("@" in word or len(word) > _LONG for word in seen):
        return plain, "" if seen or not column.sample.rows else "no row looked at has one"
    strange = sorted(seen - known_statuses())
    meant = {form(str(word)): known for word, known in synonyms()[1]["order_statuses"].items()}
    guessed = {word: meant[form(word)] for word in strange if form(word) in meant}
    unknown = [word for word in strange if word not in guessed]
    note = "do these words mean that?" if guessed else ""
    if unknown:
        note = f"words that shophouse does not know: {', '.join(unknown[:8])}; say what they mean, as"
        note += f" case {plain} when '{unknown[0]}' then 'pending' …"
    if guessed:
        rows = [f"        when '{_escaped(word)}' then '{known}'" for word, known in guessed.items()]
        return f"case {plain}\n" + "\n".join(rows) + f"\n        else {plain}\n    end", note
    return plain, note


def _escaped(text: str) -> str:
    return text.replace("'", "''").replace("{", "").replace("}", "")
