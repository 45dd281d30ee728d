{#
  The input contract: every entity that a shop can have, its key, and its columns with their types.

  key       the columns that, with `source`, name one row of the entity
  amounts   the columns whose sums must survive from the source to core (conservation law 12)
  required  without a value here a row is rejected, with its reason, into ops.rejected_rows
  belongs_to  the entity whose row must exist too: a row without it is rejected as an orphan
  accepted  columns whose words must be in a seed, in its column of the same name
  currencies  columns that hold a currency: a code of ISO 4217, in the seed currencies

  Types are those of macros/types.sql. Python reads this same literal, so it must stay a plain dict.
#}
{% macro contract() %}{{ return({
    "customers": {
        "key": ["customer_id"],
        "required": ["customer_id"],
        "columns": {
            "customer_id": "text", "created_at": "timestamp", "email": "text", "phone": "text", "first_name": "text", "last_name": "text",
            "birth_date": "date", "gender": "text", "accepts_marketing": "boolean", "is_guest": "boolean", "geography_id": "text",
            "acquisition_source": "text", "updated_at": "timestamp", "is_deleted": "boolean"
        }
    },
    "customer_identities": {
        "key": ["customer_id", "person_id"],
        "required": ["customer_id", "person_id"],
        "columns": {"customer_id": "text", "person_id": "text", "match_method": "text", "confidence": "double"}
    },
    "geography": {
        "key": ["geography_id"],
        "required": ["geography_id"],
        "columns": {
            "geography_id": "text", "postal_code": "text", "city": "text", "state_code": "text", "state": "text", "country_code": "text",
            "country": "text", "latitude": "double", "longitude": "double"
        }
    },
    "products": {
        "key": ["product_id"],
        "required": ["product_id"],
        "currencies": ["currency_code"],
        "columns": {
            "product_id": "text", "product_name": "text", "parent_product_id": "text", "sku": "text", "brand": "text", "category_id": "text",
            "list_price": "money", "unit_cost": "money", "currency_code": "text", "weight_grams": "money", "is_gift_card": "boolean",
            "is_perishable": "boolean", "shelf_life_days": "integer", "status": "text", "created_at": "timestamp", "updated_at": "timestamp",
            "is_deleted": "boolean"
        }
    },
    "categories": {
        "key": ["category_id"],
        "required": ["category_id", "category_name"],
        "columns": {"category_id": "text", "category_name": "text", "parent_category_id": "text"}
    },
    "orders": {
        "key": ["order_id"],
        "required": ["order_id", "ordered_at", "status", "currency_code"],
        "amounts": ["discount_amount", "shipping_amount", "tax_amount"],
        "accepted": {"status": "order_statuses"},
        "currencies": ["currency_code"],
        "columns": {
            "order_id": "text", "ordered_at": "timestamp", "status": "text", "currency_code": "text", "customer_id": "text", "store_id": "text",
            "channel": "text", "employee_id": "text", "paid_at": "timestamp", "cancelled_at": "timestamp", "promised_delivery_at": "timestamp",
            "discount_amount": "money", "shipping_amount": "money", "tax_amount": "money", "duties_amount": "money", "tip_amount": "money",
            "fee_amount": "money", "total_amount": "money", "taxes_included": "boolean", "shipping_geography_id": "text", "is_test": "boolean",
            "discount_code": "text", "updated_at": "timestamp", "is_deleted": "boolean"
        }
    },
    "order_items": {
        "key": ["order_id", "line_number"],
        "required": ["order_id", "line_number", "product_id", "quantity", "unit_price"],
        "amounts": ["quantity", "quantity * unit_price"],
        "belongs_to": "orders",
        "columns": {
            "order_id": "text", "line_number": "integer", "product_id": "text", "quantity": "quantity", "unit_price": "money",
            "discount_amount": "money", "tax_amount": "money", "shipping_amount": "money", "unit_cost": "money", "seller_id": "text"
        }
    },
    "payments": {
        "key": ["payment_id"],
        "required": ["payment_id", "order_id", "amount"],
        "amounts": ["amount"],
        "accepted": {"kind": "payment_kinds"},
        "belongs_to": "orders",
        "columns": {
            "payment_id": "text", "order_id": "text", "amount": "money", "paid_at": "timestamp", "kind": "text", "status": "text",
            "method": "text", "installments": "integer", "fee_amount": "money"
        }
    },
    "refunds": {
        "key": ["refund_id"],
        "required": ["refund_id", "refunded_at", "amount"],
        "amounts": ["amount"],
        "currencies": ["currency_code"],
        "columns": {
            "refund_id": "text", "refunded_at": "timestamp", "amount": "money", "order_id": "text", "product_amount": "money",
            "tax_amount": "money", "shipping_amount": "money", "reason": "text", "currency_code": "text"
        }
    },
    "refund_items": {
        "key": ["refund_id", "refund_item_id"],
        "required": ["refund_id", "refund_item_id", "quantity", "amount"],
        "amounts": ["amount"],
        "belongs_to": "refunds",
        "columns": {
            "refund_id": "text", "refund_item_id": "text", "quantity": "quantity", "amount": "money", "order_id": "text",
            "line_number": "integer", "product_id": "text", "is_restocked": "boolean"
        }
    },
    "shipments": {
        "key": ["shipment_id"],
        "required": ["shipment_id", "order_id"],
        "amounts": ["cost_amount"],
        "belongs_to": "orders",
        "columns": {
            "shipment_id": "text", "order_id": "text", "location_id": "text", "carrier": "text", "shipped_at": "timestamp",
            "estimated_delivery_at": "timestamp", "delivered_at": "timestamp", "cost_amount": "money", "status": "text"
        }
    },
    "stores": {
        "key": ["store_id"],
        "required": ["store_id", "store_name", "timezone", "currency_code"],
        "columns": {"store_id": "text", "store_name": "text", "type": "text", "timezone": "text", "currency_code": "text", "geography_id": "text"}
    },
    "locations": {
        "key": ["location_id"],
        "required": ["location_id", "location_name"],
        "columns": {"location_id": "text", "location_name": "text", "type": "text", "geography_id": "text"}
    },
    "employees": {
        "key": ["employee_id"],
        "required": ["employee_id", "employee_name"],
        "columns": {
            "employee_id": "text", "employee_name": "text", "type": "text", "geography_id": "text", "hired_at": "timestamp",
            "birth_date": "date", "gender": "text"
        }
    },
    "sellers": {
        "key": ["seller_id"],
        "required": ["seller_id", "seller_name"],
        "columns": {"seller_id": "text", "seller_name": "text", "type": "text", "geography_id": "text", "lead_time_days": "integer"}
    },
    "inventory_snapshots": {
        "key": ["product_id", "location_id", "snapshot_date"],
        "required": ["product_id", "location_id", "snapshot_date", "on_hand_quantity"],
        "columns": {
            "product_id": "text", "location_id": "text", "snapshot_date": "date", "on_hand_quantity": "quantity",
            "reserved_quantity": "quantity", "incoming_quantity": "quantity", "unit_cost": "money"
        }
    },
    "inventory_movements": {
        "key": ["movement_id"],
        "required": ["movement_id", "product_id", "location_id", "moved_at", "quantity", "kind"],
        "accepted": {"kind": "movement_kinds"},
        "columns": {
            "movement_id": "text", "product_id": "text", "location_id": "text", "moved_at": "timestamp", "quantity": "quantity", "kind": "text"
        }
    },
    "sessions": {
        "key": ["session_id"],
        "required": ["session_id", "visitor_id", "started_at"],
        "columns": {
            "session_id": "text", "visitor_id": "text", "started_at": "timestamp", "customer_id": "text", "landing_url": "text",
            "referrer": "text", "utm_source": "text", "utm_medium": "text", "utm_campaign": "text", "utm_content": "text",
            "utm_term": "text", "click_id": "text", "device": "text", "country_code": "text"
        }
    },
    "events": {
        "key": ["event_id"],
        "required": ["event_id", "session_id", "visitor_id", "event_name", "occurred_at"],
        "columns": {
            "event_id": "text", "session_id": "text", "visitor_id": "text", "event_name": "text", "occurred_at": "timestamp",
            "product_id": "text", "order_id": "text", "value": "money"
        }
    },
    "touchpoints": {
        "key": ["touch_id"],
        "required": ["touch_id", "touched_at", "kind"],
        "accepted": {"kind": "touch_kinds"},
        "columns": {
            "touch_id": "text", "touched_at": "timestamp", "kind": "text", "visitor_id": "text", "customer_id": "text",
            "campaign_id": "text", "platform": "text"
        }
    },
    "campaigns": {
        "key": ["campaign_id"],
        "required": ["campaign_id"],
        "columns": {
            "campaign_id": "text", "campaign_name": "text", "platform": "text", "channel": "text", "objective": "text",
            "starts_at": "timestamp", "ends_at": "timestamp", "budget_amount": "money"
        }
    },
    "ad_spend": {
        "key": ["campaign_id", "spend_date"],
        "required": ["spend_date", "campaign_id", "spend_amount", "currency_code"],
        "amounts": ["spend_amount"],
        "currencies": ["currency_code"],
        "columns": {
            "spend_date": "date", "campaign_id": "text", "spend_amount": "money", "currency_code": "text", "impressions": "bigint",
            "clicks": "bigint", "platform_conversions": "quantity", "platform_revenue": "money"
        }
    },
    "reviews": {
        "key": ["review_id", "order_id"],
        "required": ["review_id", "order_id", "score"],
        "belongs_to": "orders",
        "columns": {
            "review_id": "text", "order_id": "text", "score": "integer", "product_id": "text", "created_at": "timestamp",
            "answered_at": "timestamp", "title": "text", "body": "text"
        }
    },
    "promotions": {
        "key": ["promotion_id"],
        "required": ["promotion_id"],
        "columns": {
            "promotion_id": "text", "code": "text", "kind": "text", "value": "money", "starts_at": "timestamp", "ends_at": "timestamp"
        }
    },
    "subscriptions": {
        "key": ["subscription_id"],
        "required": ["subscription_id", "customer_id"],
        "columns": {"subscription_id": "text", "customer_id": "text", "product_id": "text", "billing_interval": "text", "price": "money"}
    },
    "subscription_events": {
        "key": ["event_id"],
        "required": ["event_id", "subscription_id", "kind", "occurred_at"],
        "columns": {"event_id": "text", "subscription_id": "text", "kind": "text", "occurred_at": "timestamp", "mrr_delta": "money"}
    },
    "costs": {
        "key": ["cost_id"],
        "required": ["cost_id", "kind", "basis", "amount", "valid_from"],
        "accepted": {"basis": "cost_bases"},
        "columns": {
            "cost_id": "text", "kind": "text", "basis": "text", "amount": "money", "valid_from": "date", "valid_to": "date", "scope": "text"
        }
    },
    "exchange_rates": {
        "key": ["rate_date", "from_currency", "to_currency"],
        "required": ["rate_date", "from_currency", "to_currency", "rate"],
        "currencies": ["from_currency", "to_currency"],
        "columns": {"rate_date": "date", "from_currency": "text", "to_currency": "text", "rate": "rate"}
    },
    "targets": {
        "key": ["metric", "period_start", "period_end"],
        "required": ["metric", "period_start", "period_end", "target_value"],
        "accepted": {"metric": "target_metrics"},
        "columns": {"metric": "text", "period_start": "date", "period_end": "date", "target_value": "money"}
    }
}) }}{% endmacro %}
