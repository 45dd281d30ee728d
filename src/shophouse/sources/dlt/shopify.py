"""A shop's data from Shopify's Admin API, as a source of dlt: what the platform `shopify` models.

dlt's own "verified" source of Shopify is a template to be copied, in no package index; this one is a configuration of
dlt's rest_api, which takes care of pages and of the API's limits.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import dlt
from dlt.sources.rest_api import rest_api_resources
from dlt.sources.rest_api.typing import RESTAPIConfig

__all__ = ["shopify"]

_PAGE = 250
_OLDEST_FIRST = "updated_at asc"
_EVERYTHING = "2000-01-01T00:00:00+00:00"


def _in_utc(row: dict[str, Any]) -> dict[str, Any]:
    """The row with its cursor in UTC: dlt compares texts, and an hour comes twice in the shop's own zone."""
    if row.get("updated_at"):
        row["updated_at"] = datetime.fromisoformat(row["updated_at"]).astimezone(UTC).isoformat()
    return row


@dlt.source(name="shopify", max_table_nesting=2)
def shopify(
    shop_url: str = dlt.config.value,
    access_token: str = dlt.secrets.value,
    api_version: str = "2025-01",
    start: str = _EVERYTHING,
    page_size: int = _PAGE,
) -> Any:
    """Customers, products with variants, orders with all that is nested in them, transactions, locations and stock.

    `shop_url` is https://<shop>.myshopify.com; `access_token` that of an app of the shop's own which may read orders
    (all of them, not those of the last 60 days), customers, products, inventory and locations. Only what changed since
    the last load is read, by `updated_at`; `start` is the earliest change (ISO 8601) that counts.
    """

    def changed(path: str, **params: Any) -> Any:
        return {
            "path": f"{path}.json",
            "data_selector": path,
            "params": {"limit": page_size, **params},
            "incremental": {
                "start_param": "updated_at_min",
                "cursor_path": "updated_at",
                "initial_value": start,
            },
        }

    config: RESTAPIConfig = {
        "client": {
            "base_url": f"{shop_url.rstrip('/')}/admin/api/{api_version}/",
            "auth": {
                "type": "api_key",
                "name": "X-Shopify-Access-Token",
                "api_key": access_token,
                "location": "header",
            },
            # the address of the next page has the filter of the first
            "paginator": {"type": "header_link"},
        },
        "resource_defaults": {
            "primary_key": "id",
            "write_disposition": "merge",
            "processing_steps": [{"map": _in_utc}],
        },
        "resources": [
            {"name": "customers", "endpoint": changed("customers", order=_OLDEST_FIRST)},
            {"name": "products", "endpoint": changed("products", order=_OLDEST_FIRST)},
            {"name": "orders", "endpoint": changed("orders", order=_OLDEST_FIRST, status="any")},
            {
                "name": "transactions",
                "endpoint": {
                    "path": "orders/{resources.orders.id}/transactions.json",
                    "data_selector": "transactions",
                    "paginator": "single_page",
                },
            },
            {
                "name": "locations",
                "write_disposition": "replace",
                "endpoint": {"path": "locations.json", "data_selector": "locations", "paginator": "single_page"},
            },
            {
                "name": "inventory_levels",
                "primary_key": ["inventory_item_id", "location_id"],
                "endpoint": changed("inventory_levels", location_ids="{resources.locations.id}"),
            },
        ],
    }
    return rest_api_resources(config)
