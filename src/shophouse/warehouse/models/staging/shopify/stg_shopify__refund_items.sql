-- One row per refunded line and version.
{{ config(enabled=uses_platform('shopify')) }}

with

refund_items as (
    select
        source,
        root_id,
        id,
        line_item_id,
        quantity,
        subtotal,
        total_tax,
        restock_type,
        _dlt_id,
        _dlt_parent_id,
        _dlt_list_idx,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_shopify__orders__refunds__refund_line_items') }}
),

refunds as (
    select
        source,
        id,
        _dlt_id,
        _dlt_parent_id
    from {{ ref('base_shopify__orders__refunds') }}
),

order_items as (
    select
        source,
        id,
        variant_id,
        product_id,
        _dlt_parent_id,
        _dlt_list_idx
    from {{ ref('base_shopify__orders__line_items') }}
)

select
    refund_items.source as source,
    cast(refunds.id as varchar) as refund_id,
    cast(refund_items.id as varchar) as refund_item_id,
    refund_items.quantity as quantity,
    refund_items.subtotal as amount,
    cast(refund_items.root_id as varchar) as order_id,
    cast(order_items._dlt_list_idx + 1 as integer) as line_number,
    case
        when order_items.id is not null
            then coalesce(cast(order_items.variant_id as varchar), 'product ' || cast(order_items.product_id as varchar), 'custom')
    end as product_id,
    coalesce(lower(refund_items.restock_type), 'no_restock') <> 'no_restock' as is_restocked,
    refund_items._load_id as _load_id,
    refund_items._loaded_at as _loaded_at,
    refund_items._source_file as _source_file,
    refund_items._row_number as _row_number,
    refund_items._operation as _operation
from refund_items
left join refunds
    on refund_items.source = refunds.source
    and refund_items._dlt_parent_id = refunds._dlt_id
left join order_items
    on refunds.source = order_items.source
    and refunds._dlt_parent_id = order_items._dlt_parent_id
    and refund_items.line_item_id = order_items.id
