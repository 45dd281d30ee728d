from __future__ import annotations

from built_shop import demo_shop

__all__ = ["demo_shop"]
