"""A shop's history, played into a Kafka topic as order events at a speed of one's choice."""

from __future__ import annotations

from shophouse.produce.history import History
from shophouse.produce.replay import Replay, replay

__all__ = ["History", "Replay", "replay"]
