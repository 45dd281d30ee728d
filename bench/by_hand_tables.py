"""Of by_hand.py: the columns of each table, in the order and with the types of the product's.

What a select of the script doesn't name has its default: what is the same in all rows of this shop, else null.
"""

from __future__ import annotations

import re

TYPES = {"text": "varchar", "money": "decimal(18,4)", "total": "decimal(28,4)"}
DEFAULTS = {
    "source": "'storefront'",
    "currency_code": "'USD'",
    "price_currency_code": "'USD'",
    "exchange_rate": "1",
    "store_timezone": "'UTC'",
    "store_id": "'storefront'",
    "store_name": "'storefront'",
    # Of the md5 of 'storefront|storefront': no order names a store.
    "store_key": "997847361679047573",
    "seller_key": "0",
    "employee_key": "0",
    "location_key": "0",
    "duties_amount": "0",
    "tip_amount": "0",
    "fee_amount": "0",
    "fulfilment_cost_amount": "0",
    "returns_handling_cost_amount": "0",
    "ad_spend_cost_amount": "0",
    "marketing_cost_amount": "0",
    "overhead_cost_amount": "0",
    "seller_name": "'unknown'",
    "employee_name": "'unknown'",
    "is_inferred": "false",
    "is_holiday": "false",
    "match_confidence": "1",
}


def definition(table: str) -> str:
    """The statement that makes a table, empty."""
    columns = []
    for column in re.split(r",\s+", COLUMNS[table].strip()):
        name, kind = column.split(" ", 1)
        default = f" default {DEFAULTS[name]}" if name in DEFAULTS else ""
        columns.append(f"{name} {TYPES.get(kind, kind)}{default}")
    return f"create table {table} ({', '.join(columns)})"


COLUMNS = {
    "customer_versions": """
        customer_version_key bigint, customer_key bigint, source text, customer_id text, gender text,
        accepts_marketing boolean, is_guest boolean, geography_id text, geography_key bigint, acquisition_source text,
        is_deleted boolean, valid_from timestamp, valid_to timestamp, is_current boolean, version_number integer""",
    "dim_campaign": """
        campaign_key bigint, source text, campaign_id text, campaign_name text, platform text, channel text,
        objective text, starts_at timestamp, ends_at timestamp, budget_amount money, is_inferred boolean""",
    "dim_category": """
        category_key bigint, source text, category_id text, category_name text, parent_category_id text,
        category_path text, root_category_name text, is_inferred boolean""",
    "dim_channel": "channel_key bigint, channel text",
    "dim_customer": """
        customer_key bigint, customer_version_key bigint, source text, customer_id text, person_key bigint,
        match_method text, match_confidence double, email text, phone text, first_name text, last_name text,
        birth_date date, gender text, accepts_marketing boolean, is_guest boolean, geography_id text,
        geography_key bigint, acquisition_source text, created_at timestamp, updated_at timestamp, is_deleted boolean,
        is_inferred boolean""",
    "dim_date": """
        date_day date, date_key integer, year_number integer, quarter_of_year integer, month_of_year integer,
        day_of_month integer, day_of_year integer, day_of_week integer, day_name text, is_weekend boolean,
        iso_year integer, iso_week integer, week_start_date date, month_start_date date, quarter_start_date date,
        year_start_date date, month_end_date date, fiscal_year integer, fiscal_month integer, fiscal_quarter integer,
        retail_year integer, retail_quarter integer, retail_period integer, retail_week integer,
        retail_year_start_date date, is_holiday boolean, holiday_name text, is_working_day boolean""",
    "dim_employee": """
        employee_key bigint, source text, employee_id text, employee_name text, employee_type text, hired_at timestamp,
        birth_date date, gender text, is_inferred boolean""",
    "dim_geography": """
        geography_key bigint, source text, geography_id text, postal_code text, city text, state_code text, state text,
        country_code text, country text, latitude double, longitude double, is_inferred boolean""",
    "dim_location": """
        location_key bigint, source text, location_id text, location_name text, location_type text,
        is_inferred boolean""",
    "dim_person": """
        person_key bigint, match_method text, match_confidence double, account_count integer, accepts_marketing boolean,
        created_at timestamp, order_count integer, valid_order_count integer, first_order_date date,
        last_order_date date, cohort_month date, first_order_key bigint, first_geography_key bigint,
        first_channel_key bigint""",
    "dim_product": """
        product_key bigint, product_version_key bigint, source text, product_id text, product_name text,
        parent_product_id text, sku text, brand text, category_id text, category_key bigint, list_price money,
        unit_cost money, currency_code text, weight_grams money, is_gift_card boolean, status text,
        created_at timestamp, updated_at timestamp, is_deleted boolean, is_inferred boolean""",
    "dim_promotion": """
        promotion_key bigint, source text, promotion_id text, code text, promotion_kind text, promotion_value money,
        starts_at timestamp, ends_at timestamp, is_inferred boolean""",
    "dim_seller": """
        seller_key bigint, source text, seller_id text, seller_name text, seller_type text, geography_id text,
        lead_time_days integer, is_inferred boolean""",
    "dim_store": """
        store_key bigint, source text, store_id text, store_name text, store_type text, timezone text,
        currency_code text, is_inferred boolean""",
    "dim_time": "time_key integer, hour_of_day integer, minute_of_hour integer, day_part text",
    "fct_order_items": """
        order_key bigint, source text, order_id text, line_number integer, product_id text, product_key bigint,
        seller_id text, seller_key bigint, customer_key bigint, person_key bigint, store_key bigint,
        geography_key bigint, channel_key bigint, employee_key bigint, is_cancelled boolean, is_sale boolean,
        is_gift_card boolean, ordered_at timestamp, order_date date, currency_code text, exchange_rate decimal(18,8),
        quantity money, unit_price money, gross_amount money, discount_amount money, net_amount money, tax_amount money,
        shipping_amount money, allocated_discount_amount money, allocated_tax_amount money,
        allocated_shipping_amount money, cost_amount money, cost_amount_reporting money, margin_amount money,
        refunded_quantity money, refunded_amount money""",
    "fct_orders": """
        order_key bigint, source text, order_id text, customer_id text, customer_key bigint, person_key bigint,
        store_id text, store_key bigint, geography_id text, geography_key bigint, employee_id text, employee_key bigint,
        channel text, channel_key bigint, order_status text, is_valid boolean, invalid_reason text,
        is_cancelled boolean, is_sale boolean, ordered_at timestamp, ordered_at_local timestamp, order_date date,
        paid_at timestamp, cancelled_at timestamp, cancelled_date date, promised_delivery_at timestamp,
        shipped_at timestamp, delivered_at timestamp, days_to_ship integer, days_to_deliver integer, days_late integer,
        order_sequence integer, is_first_order boolean, previous_ordered_at timestamp,
        days_since_previous_order integer, currency_code text, exchange_rate decimal(18,8), discount_code text,
        line_count integer, item_count money, product_count integer, gross_amount money, discount_amount money,
        net_amount money, shipping_amount money, tax_amount money, duties_amount money, tip_amount money,
        fee_amount money, total_amount money, control_total_amount money, cost_amount money, payment_amount money,
        has_payment boolean, payment_fee_amount money, refund_amount money, refund_product_amount money,
        shipping_cost_amount money, gross_amount_reporting money, discount_amount_reporting money,
        net_amount_reporting money, shipping_amount_reporting money, tax_amount_reporting money,
        total_amount_reporting money, cost_amount_reporting money, refund_amount_reporting money,
        refund_product_amount_reporting money""",
    "fct_payments": """
        payment_key bigint, source text, payment_id text, order_key bigint, person_key bigint, store_key bigint,
        paid_at timestamp, paid_date date, payment_kind text, payment_status text, payment_method text,
        installment_count integer, currency_code text, exchange_rate decimal(18,8), payment_amount money,
        captured_amount money, fee_amount money""",
    "fct_refund_items": """
        refund_item_key bigint, refund_key bigint, source text, refund_id text, refund_item_id text, order_key bigint,
        line_number integer, product_key bigint, product_id text, customer_key bigint, person_key bigint,
        store_key bigint, geography_key bigint, channel_key bigint, is_cancelled boolean, is_sale boolean,
        order_date date, refunded_date date, refunded_at timestamp, currency_code text, exchange_rate decimal(18,8),
        quantity money, refund_amount money, is_restocked boolean""",
    "fct_refunds": """
        refund_key bigint, source text, refund_id text, order_key bigint, customer_key bigint, person_key bigint,
        store_key bigint, geography_key bigint, channel_key bigint, has_order boolean, is_cancelled boolean,
        is_sale boolean, order_date date, refunded_date date, refunded_at timestamp, currency_code text,
        exchange_rate decimal(18,8), refund_reason text, refund_amount money, product_amount money, tax_amount money,
        shipping_amount money, other_amount money""",
    "fct_shipments": """
        shipment_key bigint, source text, shipment_id text, order_key bigint, person_key bigint, store_key bigint,
        geography_key bigint, location_key bigint, location_id text, carrier text, shipment_status text,
        order_date date, shipped_at timestamp, shipped_date date, promised_delivery_at timestamp,
        promised_delivery_date date, delivered_at timestamp, delivered_date date, days_to_ship integer,
        days_to_deliver integer, days_late integer, is_late boolean, currency_code text, exchange_rate decimal(18,8),
        cost_amount money""",
    "fct_time_zone_offsets_daily": "timezone text, utc_date date, offset_seconds bigint",
    "order_headers": """
        order_key bigint, source text, order_id text, customer_id text, customer_key bigint, person_key bigint,
        store_id text, store_key bigint, geography_id text, geography_key bigint, employee_id text, employee_key bigint,
        channel text, channel_key bigint, order_status text, is_cancelled boolean, is_test boolean, is_deleted boolean,
        ordered_at timestamp, ordered_at_local timestamp, order_date date, paid_at timestamp, cancelled_at timestamp,
        cancelled_date date, promised_delivery_at timestamp, promised_delivery_date date, store_timezone text,
        currency_code text, exchange_rate decimal(18,8), has_taxes_included boolean, discount_code text,
        order_discount_amount money, order_shipping_amount money, order_tax_amount money, duties_amount money,
        tip_amount money, fee_amount money, control_total_amount money""",
    "product_versions": """
        product_version_key bigint, product_key bigint, source text, product_id text, product_name text,
        parent_product_id text, sku text, brand text, category_id text, category_key bigint, list_price money,
        unit_cost money, currency_code text, weight_grams money, is_gift_card boolean, status text, is_deleted boolean,
        valid_from timestamp, valid_to timestamp, is_current boolean, version_number integer""",
    "orders_by_day": """
        order_date date, store_key bigint, channel_key bigint, country_code text, state_code text, order_count bigint,
        all_order_count bigint, cancelled_order_count bigint, new_customer_count bigint, returning_order_count bigint,
        line_count bigint, item_count total""",
    "product_sales_by_month": """
        month_start_date date, product_key bigint, quantity total, gross_amount total, discount_amount total,
        return_amount total, cancellation_amount total, net_sales_amount total, cost_amount total,
        order_count bigint""",
    "profit_and_loss_by_day": """
        date_day date, gross_amount total, discount_amount total, return_amount total, cancellation_amount total,
        net_sales_amount total, shipping_amount total, goods_cost_amount total, shipping_cost_amount total,
        fulfilment_cost_amount total, payment_fee_cost_amount total, returns_handling_cost_amount total,
        ad_spend_cost_amount total, marketing_cost_amount total, overhead_cost_amount total, uncosted_amount total""",
    "regions": "country_code text, country text, state_code text, state text",
    "rfm_scores": """
        person_key bigint, last_order_date date, valid_order_count bigint, net_sales_amount money,
        recency_score integer, frequency_score integer, monetary_score integer, segment text""",
    "sales_by_cohort_day": "cohort_month date, first_order_date date, event_date date, net_sales_amount total",
    "sales_by_day": """
        event_date date, store_key bigint, channel_key bigint, country_code text, state_code text, quantity total,
        gross_amount total, discount_amount total, return_amount total, cancellation_amount total,
        net_sales_amount total, shipping_amount total, tax_amount total, other_amount total,
        total_sales_amount total""",
    "sales_by_order_day": """
        order_date date, store_key bigint, channel_key bigint, country_code text, state_code text, quantity total,
        gross_amount total, discount_amount total, return_amount total, cancellation_amount total,
        net_sales_amount total, shipping_amount total, tax_amount total, other_amount total,
        total_sales_amount total""",
    "sales_by_person": """
        person_key bigint, cohort_month date, first_order_date date, last_order_date date, first_geography_key bigint,
        first_channel_key bigint, order_count bigint, valid_order_count bigint, item_count money, gross_amount money,
        discount_amount money, return_amount money, cancellation_amount money, net_sales_amount money,
        cost_amount money""",
    "sold_by_day": """
        order_date date, store_key bigint, channel_key bigint, country_code text, state_code text, quantity total,
        gross_amount total, discount_amount total, shipping_amount total, tax_amount total, other_amount total""",
    "taken_back": """
        event_kind text, order_key bigint, refund_key bigint, product_key bigint, seller_key bigint, person_key bigint,
        store_key bigint, geography_key bigint, channel_key bigint, order_date date, event_date date, quantity money,
        return_amount money, cancellation_amount money, shipping_amount money, tax_amount money,
        other_amount money""",
    "top_categories": "person_key bigint, category_key bigint, gross_amount money",
    "abc_xyz": """
        product_key bigint, product_name text, net_sales_amount total, better_seller_share_rate double, abc_class text,
        month_count integer, mean_monthly_units double, variation_rate double, xyz_class text, abc_xyz_class text,
        currency_code text""",
    "active_customers_daily": """
        date_day date, dau_purchasing bigint, wau_purchasing bigint, mau_purchasing bigint, stickiness_rate double,
        new_person_count bigint, returning_person_count bigint""",
    "attribution_by_channel_day": """
        date_day date, book text, attribution_model text, marketing_channel text, order_credit decimal(28,8),
        new_customer_credit decimal(28,8), net_sales_amount total, currency_code text""",
    "category_performance": """
        month_start_date date, category_key bigint, category_name text, category_path text, root_category_name text,
        sold_product_count bigint, quantity total, gross_amount total, discount_amount total, return_amount total,
        cancellation_amount total, net_sales_amount total, cost_amount total, margin_amount total, return_rate double,
        net_sales_share_rate double, currency_code text""",
    "category_sales_as_sold": """
        month_start_date date, channel_key bigint, category_key bigint, channel text, category_name text,
        category_path text, root_category_name text, quantity total, gross_amount total, discount_amount total,
        return_amount total, cancellation_amount total, net_sales_amount total, moved_gross_amount total,
        net_sales_share_rate double, currency_code text""",
    "category_sales_daily": """
        date_day date, store_key bigint, store_name text, channel_key bigint, channel text, country_code text,
        category_key bigint, category_name text, quantity total, gross_amount total, discount_amount total,
        return_amount total, cancellation_amount total, net_sales_amount total, currency_code text""",
    "cohort_lifetime_value": """
        cohort_month date, months_since_first_order integer, event_month date, is_mature boolean,
        cohort_person_count bigint, net_sales_amount total, cumulative_net_sales_amount total,
        lifetime_value_amount money, currency_code text""",
    "cohort_retention": """
        cohort_month date, months_since_first_order integer, active_month date, is_mature boolean,
        cohort_person_count bigint, active_person_count bigint, retention_rate double""",
    "cohort_retention_by_days": """
        cohort_month date, period_number integer, from_day integer, to_day integer, is_mature boolean,
        cohort_person_count bigint, active_person_count bigint, retention_rate double""",
    "customer_360": """
        person_key bigint, as_of_date date, cohort_month date, first_order_date date, last_order_date date,
        days_since_last_order integer, average_gap_days double, is_repeat boolean, all_order_count bigint,
        order_count bigint, item_count money, gross_amount money, discount_amount money, return_amount money,
        cancellation_amount money, net_sales_amount money, cost_amount money, margin_amount money,
        average_order_amount money, currency_code text, first_channel text, first_country_code text,
        first_state_code text, first_state text, top_category_name text, segment text""",
    "customer_segments": """
        segment text, as_of_date date, person_count bigint, person_share_rate double, order_count bigint,
        net_sales_amount total, net_sales_share_rate double, net_sales_per_person_amount money,
        average_order_amount money, currency_code text""",
    "daily_revenue_by_state": """
        date_day date, country_code text, country text, state_code text, state text, currency_code text,
        order_count bigint, new_customer_count bigint, quantity total, gross_amount total, net_sales_amount total,
        shipping_amount total, total_sales_amount total, average_order_amount money, freight_rate double""",
    "delivery_performance": """
        month_start_date date, country_code text, state_code text, state text, carrier text, currency_code text,
        parcel_count bigint, order_count bigint, shipped_count bigint, delivered_count bigint, on_time_count bigint,
        late_count bigint, late_rate double, average_days_to_ship double, average_days_to_deliver double,
        average_days_late double, average_promise_error_days double, promise_accuracy_rate double, net_amount total,
        shipping_amount total, shipping_cost_amount total, freight_rate double""",
    "executive_daily": """
        date_day date, day_of_week integer, day_name text, currency_code text, order_count bigint,
        new_customer_count bigint, returning_order_count bigint, gross_amount total, discount_amount total,
        return_amount total, cancellation_amount total, net_sales_amount total, total_sales_amount total,
        average_order_amount money, previous_day_net_sales_amount total, previous_day_order_count bigint,
        previous_day_growth_rate double, week_ago_net_sales_amount total, week_ago_order_count bigint,
        week_ago_growth_rate double, year_ago_date date, year_ago_net_sales_amount total, year_ago_order_count bigint,
        year_ago_new_customer_count bigint, year_ago_growth_rate double, month_to_date_net_sales_amount total,
        month_to_date_order_count bigint, year_ago_month_to_date_net_sales_amount total,
        month_to_date_growth_rate double, quarter_to_date_net_sales_amount total, quarter_to_date_order_count bigint,
        year_ago_quarter_to_date_net_sales_amount total, quarter_to_date_growth_rate double,
        year_to_date_net_sales_amount total, year_to_date_order_count bigint,
        year_ago_year_to_date_net_sales_amount total, year_to_date_growth_rate double,
        trailing_7_days_net_sales_amount total, trailing_7_days_order_count bigint,
        previous_7_days_net_sales_amount total, trailing_7_days_growth_rate double,
        trailing_28_days_net_sales_amount total, trailing_28_days_order_count bigint,
        previous_28_days_net_sales_amount total, trailing_28_days_growth_rate double,
        trailing_90_days_net_sales_amount total, trailing_90_days_order_count bigint,
        previous_90_days_net_sales_amount total, trailing_90_days_growth_rate double, target_value total""",
    "gift_card_liability_daily": """
        date_day date, opening_amount total, issued_amount total, restored_amount total, redeemed_amount total,
        refunded_amount total, closing_amount total, issued_count total, redeemed_count bigint, currency_code text""",
    "identity_merges": """
        person_key bigint, match_method text, match_method_count integer, match_confidence double,
        account_count integer, merged_account_count integer, source_count integer, first_source text, last_source text,
        first_created_at timestamp, last_created_at timestamp, order_count integer, valid_order_count integer""",
    "lifetime_value_by_age": """
        cohort_month date, age_days integer, is_mature boolean, cohort_person_count bigint, net_sales_amount total,
        lifetime_value_amount money, currency_code text""",
    "order_hours": """
        day_of_week integer, day_name text, hour_of_day integer, day_part text, currency_code text, order_count bigint,
        item_count total, net_amount total, average_order_amount money, day_count bigint, orders_per_day double,
        order_share_rate double""",
    "payments_mix": """
        month_start_date date, payment_method text, payment_kind text, currency_code text, payment_count bigint,
        payment_amount total, captured_amount total, fee_amount total, average_payment_amount money,
        payment_share_rate double, amount_share_rate double, fee_rate double, installment_payment_count bigint,
        average_installment_count double""",
    "price_history": """
        product_key bigint, price_number integer, product_name text, unit_price money, previous_unit_price money,
        price_currency_code text, price_change_rate double, first_seen_date date, last_seen_date date,
        is_latest boolean, line_count bigint, quantity total, gross_amount total, currency_code text""",
    "product_affinity": """
        product_key bigint, product_name text, with_product_key bigint, with_product_name text, companion_rank integer,
        pair_order_count bigint, product_order_count bigint, with_product_order_count bigint, all_order_count bigint,
        support_rate double, confidence_rate double, lift double""",
    "product_performance": """
        product_key bigint, product_id text, product_name text, sku text, brand text, category_name text,
        first_month date, last_month date, order_count bigint, quantity total, gross_amount total,
        discount_amount total, return_amount total, cancellation_amount total, net_sales_amount total,
        cost_amount total, margin_amount total, margin_rate double, return_rate double, net_sales_share_rate double,
        net_sales_rank integer, currency_code text""",
    "product_performance_monthly": """
        month_start_date date, product_key bigint, product_name text, brand text, category_name text,
        order_count bigint, quantity total, gross_amount total, discount_amount total, return_amount total,
        cancellation_amount total, net_sales_amount total, cost_amount total, margin_amount total, margin_rate double,
        return_rate double, net_sales_share_rate double, net_sales_rank integer, currency_code text""",
    "profit_and_loss_daily": """
        date_day date, gross_amount total, discount_amount total, return_amount total, cancellation_amount total,
        net_sales_amount total, goods_cost_amount total, contribution_1_amount total, shipping_cost_amount total,
        fulfilment_cost_amount total, payment_fee_cost_amount total, returns_handling_cost_amount total,
        contribution_2_amount total, ad_spend_cost_amount total, marketing_cost_amount total,
        contribution_3_amount total, overhead_cost_amount total, operating_profit_amount total,
        shipping_charged_amount total, uncosted_amount total, currency_code text, contribution_1_rate double,
        marketing_efficiency_ratio double, ad_spend_share double""",
    "profit_and_loss_monthly": """
        month_start_date date, gross_amount total, discount_amount total, return_amount total,
        cancellation_amount total, net_sales_amount total, goods_cost_amount total, contribution_1_amount total,
        shipping_cost_amount total, fulfilment_cost_amount total, payment_fee_cost_amount total,
        returns_handling_cost_amount total, contribution_2_amount total, ad_spend_cost_amount total,
        marketing_cost_amount total, contribution_3_amount total, overhead_cost_amount total,
        operating_profit_amount total, shipping_charged_amount total, uncosted_amount total, currency_code text,
        contribution_1_rate double, marketing_efficiency_ratio double, ad_spend_share double""",
    "promotions": """
        discount_code text, promotion_kind text, promotion_value money, currency_code text, order_count bigint,
        new_customer_count bigint, item_count total, gross_amount total, discount_amount total, net_amount total,
        return_amount total, average_order_amount money, discount_rate double, return_rate double,
        new_customer_rate double, order_share_rate double, first_order_date date, last_order_date date""",
    "repeat_purchase": """
        cohort_month date, person_count bigint, repeat_person_count bigint, repeat_rate double,
        repeat_within_30_days_count bigint, repeat_within_30_days_rate double, repeat_within_60_days_count bigint,
        repeat_within_60_days_rate double, repeat_within_90_days_count bigint, repeat_within_90_days_rate double,
        repeat_within_365_days_count bigint, repeat_within_365_days_rate double, median_days_to_second_order double""",
    "returns": """
        month_start_date date, refund_reason text, currency_code text, refund_count bigint, refunded_order_count bigint,
        quantity total, return_amount total, shipping_amount total, tax_amount total, other_amount total,
        refund_amount total, return_rate double, return_share_rate double""",
    "rfm_segments": """
        person_key bigint, as_of_date date, days_since_last_order integer, order_count bigint, net_sales_amount money,
        currency_code text, recency_score integer, frequency_score integer, monetary_score integer, rfm_code integer,
        segment text""",
    "sales_books_bridge": """
        date_day date, currency_code text, net_sales_by_event_amount total, net_sales_by_order_amount total,
        difference_amount total, running_difference_amount total""",
    "sales_daily": """
        date_day date, store_key bigint, store_name text, channel_key bigint, channel text, country_code text,
        state_code text, state text, currency_code text, order_count bigint, all_order_count bigint,
        cancelled_order_count bigint, new_customer_count bigint, returning_order_count bigint, quantity total,
        gross_amount total, discount_amount total, return_amount total, cancellation_amount total,
        net_sales_amount total, shipping_amount total, tax_amount total, other_amount total, total_sales_amount total,
        average_order_amount money, gross_average_order_amount money, total_average_order_amount money""",
    "sales_daily_by_order_date": """
        date_day date, store_key bigint, store_name text, channel_key bigint, channel text, country_code text,
        state_code text, state text, currency_code text, order_count bigint, all_order_count bigint,
        cancelled_order_count bigint, new_customer_count bigint, returning_order_count bigint, quantity total,
        gross_amount total, discount_amount total, return_amount total, cancellation_amount total,
        net_sales_amount total, shipping_amount total, tax_amount total, other_amount total, total_sales_amount total,
        average_order_amount money, gross_average_order_amount money, total_average_order_amount money""",
    "sales_monthly": """
        month_start_date date, store_key bigint, store_name text, channel_key bigint, channel text, currency_code text,
        is_complete boolean, order_count bigint, new_customer_count bigint, returning_order_count bigint,
        quantity total, gross_amount total, discount_amount total, return_amount total, cancellation_amount total,
        net_sales_amount total, shipping_amount total, tax_amount total, other_amount total, total_sales_amount total,
        average_order_amount money, previous_month_net_sales_amount total, previous_month_order_count bigint,
        previous_month_growth_rate double, year_ago_net_sales_amount total, year_ago_order_count bigint,
        year_ago_growth_rate double""",
    "salesperson_performance": """
        month_start_date date, employee_key bigint, employee_name text, employee_type text, months_since_hired integer,
        currency_code text, order_count bigint, new_customer_count bigint, item_count total, gross_amount total,
        discount_amount total, net_amount total, return_amount total, average_order_amount money, discount_rate double,
        return_rate double, net_share_rate double, net_rank integer""",
    "seller_performance": """
        month_start_date date, seller_key bigint, seller_name text, currency_code text, order_count bigint,
        quantity total, gross_amount total, discount_amount total, return_amount total, cancellation_amount total,
        net_sales_amount total, shipping_amount total, average_order_amount money, freight_rate double,
        parcel_count bigint, late_count bigint, late_rate double, average_days_to_ship double,
        average_days_to_deliver double, review_count bigint, average_review_score double""",
    "store_performance": """
        month_start_date date, store_key bigint, store_name text, currency_code text, is_complete boolean,
        order_count bigint, new_customer_count bigint, returning_order_count bigint, quantity total, gross_amount total,
        discount_amount total, return_amount total, cancellation_amount total, net_sales_amount total,
        shipping_amount total, tax_amount total, other_amount total, total_sales_amount total,
        average_order_amount money, net_sales_share_rate double, net_sales_rank integer,
        previous_month_net_sales_amount total, previous_month_order_count bigint, previous_month_growth_rate double,
        year_ago_net_sales_amount total, year_ago_order_count bigint, year_ago_growth_rate double""",
    "top_products": """
        period text, net_sales_rank integer, product_key bigint, product_id text, product_name text, category_name text,
        order_count bigint, quantity total, gross_amount total, net_sales_amount total, net_sales_share_rate double,
        as_of_date date, currency_code text""",
}
