"""How whoever asks for metrics writes what a hint tells: at the command line, in an address, to an assistant."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["API", "ASSISTANT", "COMMAND_LINE", "Wording"]


@dataclass(frozen=True)
class Wording:
    """`by` has {} where a period or a dimension stands; `listing` is what lists all metrics."""

    by: str
    listing: str

    def grouped(self, word: str) -> str:
        """How rows by a period or dimension are asked for."""
        return self.by.replace("{}", word)


COMMAND_LINE = Wording("--by {}", "shophouse metric")
API = Wording("by={}", "/api/metrics")
ASSISTANT = Wording('by: ["{}"]', "list_metrics")
