-- One row per refund and version.
{{ config(enabled=uses_platform('shopify')) }}

with

refunds as (
    select
        source,
        root_id,
        id,
        created_at,
        processed_at,
        note,
        _dlt_id,
        _dlt_parent_id,
        _dlt_list_idx,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_shopify__orders__refunds') }}
),

goods as (
    select
        source,
        _dlt_parent_id,
        cast(sum(subtotal) as {{ type_money() }}) as product_amount,
        cast(sum(total_tax) as {{ type_money() }}) as tax_amount
    from {{ ref('base_shopify__orders__refunds__refund_line_items') }}
    group by
        source,
        _dlt_parent_id
),

adjustments as (
    select
        source,
        _dlt_parent_id,
        cast(sum(case when lower(kind) = 'shipping_refund' then -(amount) else 0 end) as {{ type_money() }}) as shipping_amount,
        cast(sum(case when lower(kind) = 'shipping_refund' then -(tax_amount) else 0 end) as {{ type_money() }}) as tax_amount
    from {{ ref('base_shopify__orders__refunds__order_adjustments') }}
    group by
        source,
        _dlt_parent_id
),

returned as (
    select
        source,
        _dlt_parent_id,
        cast(sum(case when lower(kind) = 'refund' and lower(status) = 'success' then amount else 0 end) as {{ type_money() }}) as amount
    from {{ ref('base_shopify__orders__refunds__transactions') }}
    group by
        source,
        _dlt_parent_id
)

select
    refunds.source as source,
    cast(refunds.id as varchar) as refund_id,
    coalesce(refunds.processed_at, refunds.created_at) as refunded_at,
    coalesce(returned.amount, 0) as amount,
    cast(refunds.root_id as varchar) as order_id,
    coalesce(goods.product_amount, 0) as product_amount,
    cast(coalesce(goods.tax_amount, 0) + coalesce(adjustments.tax_amount, 0) as {{ type_money() }}) as tax_amount,
    coalesce(adjustments.shipping_amount, 0) as shipping_amount,
    lower(refunds.note) as reason,
    refunds._load_id as _load_id,
    refunds._loaded_at as _loaded_at,
    refunds._source_file as _source_file,
    refunds._row_number as _row_number,
    refunds._operation as _operation
from refunds
left join goods
    on refunds.source = goods.source
    and refunds._dlt_id = goods._dlt_parent_id
left join adjustments
    on refunds.source = adjustments.source
    and refunds._dlt_id = adjustments._dlt_parent_id
left join returned
    on refunds.source = returned.source
    and refunds._dlt_id = returned._dlt_parent_id
