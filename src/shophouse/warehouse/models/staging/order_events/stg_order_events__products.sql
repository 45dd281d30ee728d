-- One row per product and change of its name or kind.
{{ config(
    enabled=uses_platform('order_events'),
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='product_id',
    meta={'affected': 'stg_order_events__affected_products'}
) }}

with

lines as (
    select
        source,
        product_id,
        product_name,
        is_gift_card,
        occurred_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('stg_order_events__lines') }} as lines
    where product_id is not null
        and {{ is_affected('lines', 'product_id', 'stg_order_events__affected_products') }}
),

-- Of several lines of an order with the same product, one speaks for it.
told as (
    select
        source,
        product_id,
        coalesce(max(product_name), product_id) as product_name,
        coalesce(max(case when is_gift_card then 1 else 0 end), 0) as gift_card,
        occurred_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from lines
    group by
        source,
        product_id,
        occurred_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
),

compared as (
    select
        source,
        product_id,
        product_name,
        gift_card,
        occurred_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation,
        lag(product_name || '|' || cast(gift_card as varchar)) over (
            partition by source, product_id
            order by occurred_at, _load_id, _source_file, _row_number
        ) as told_before
    from told
)

select
    source,
    product_id,
    product_name,
    gift_card = 1 as is_gift_card,
    occurred_at as updated_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from compared
where told_before is null
    or told_before <> product_name || '|' || cast(gift_card as varchar)
