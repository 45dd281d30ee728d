"""What a metric means, said once: the catalogue, and the SQL that calculates a metric from what is published.

The dashboard, the report, `shophouse metric`, the definitions for MetricFlow and docs/metrics.md all read the same
catalogue. A shop adds or overrides metrics in a `metrics.yml` of its own.
"""

from __future__ import annotations

from shophouse.metrics.catalogue import Catalogue, Metric, SemanticModel
from shophouse.metrics.query import GRAINS, CompiledQuery, Grain, MetricQuery, compile_query

__all__ = ["GRAINS", "Catalogue", "CompiledQuery", "Grain", "Metric", "MetricQuery", "SemanticModel", "compile_query"]
