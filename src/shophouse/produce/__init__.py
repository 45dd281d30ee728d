"""A shop's history, sent to a Kafka topic at a speed of one's choice."""

from __future__ import annotations

from shophouse.produce.history import History, opened
from shophouse.produce.replay import Replay, replay

__all__ = ["History", "Replay", "opened", "replay"]
