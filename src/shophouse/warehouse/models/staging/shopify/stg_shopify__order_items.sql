-- One row per order line and version.
{{ config(enabled=uses_platform('shopify')) }}

with

order_items as (
    select
        source,
        root_id,
        id,
        product_id,
        variant_id,
        title,
        sku,
        quantity,
        price,
        gift_card,
        _dlt_id,
        _dlt_parent_id,
        _dlt_list_idx,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_shopify__orders__line_items') }}
),

discounts as (
    select
        source,
        _dlt_parent_id,
        cast(sum(amount) as {{ type_money() }}) as discount_amount
    from {{ ref('base_shopify__orders__line_items__discount_allocations') }}
    group by
        source,
        _dlt_parent_id
),

taxes as (
    select
        source,
        _dlt_parent_id,
        cast(sum(price) as {{ type_money() }}) as tax_amount
    from {{ ref('base_shopify__orders__line_items__tax_lines') }}
    group by
        source,
        _dlt_parent_id
)

select
    order_items.source as source,
    cast(order_items.root_id as varchar) as order_id,
    cast(order_items._dlt_list_idx + 1 as integer) as line_number,
    case
        when order_items.id is not null
            then coalesce(cast(order_items.variant_id as varchar), 'product ' || cast(order_items.product_id as varchar), 'custom')
    end as product_id,
    order_items.quantity as quantity,
    order_items.price as unit_price,
    coalesce(discounts.discount_amount, 0) as discount_amount,
    coalesce(taxes.tax_amount, 0) as tax_amount,
    order_items._load_id as _load_id,
    order_items._loaded_at as _loaded_at,
    order_items._source_file as _source_file,
    order_items._row_number as _row_number,
    order_items._operation as _operation
from order_items
left join discounts
    on order_items.source = discounts.source
    and order_items._dlt_id = discounts._dlt_parent_id
left join taxes
    on order_items.source = taxes.source
    and order_items._dlt_id = taxes._dlt_parent_id
