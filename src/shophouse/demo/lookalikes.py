"""Small look-alikes of public data sets, with their faults planted and their answers counted: tests run anywhere on
them."""

from __future__ import annotations

from shophouse.demo.olist import OlistAnswers, olist_lookalike
from shophouse.demo.online_retail import OnlineRetailAnswers, online_retail_lookalike

__all__ = ["OlistAnswers", "OnlineRetailAnswers", "olist_lookalike", "online_retail_lookalike"]
