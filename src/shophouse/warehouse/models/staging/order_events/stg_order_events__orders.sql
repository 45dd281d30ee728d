-- One row per order that any event names. Of events that name no order, each stands for itself.
{{ config(enabled=uses_platform('order_events')) }}

with

lives as (
    select
        source,
        order_id,
        paid_at,
        shipped_at,
        delivered_at,
        cancelled_at,
        updated_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('stg_order_events__order_lives') }}
    union all
    select
        source,
        order_id,
        cast(null as {{ type_timestamp() }}) as paid_at,
        cast(null as {{ type_timestamp() }}) as shipped_at,
        cast(null as {{ type_timestamp() }}) as delivered_at,
        cast(null as {{ type_timestamp() }}) as cancelled_at,
        cast(null as {{ type_timestamp() }}) as updated_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('stg_order_events__events') }}
    where order_id is null
),

created as (
    select
        source,
        order_id,
        occurred_at,
        customer_id,
        store_id,
        channel,
        currency,
        taxes_included,
        is_test,
        promised_delivery_at,
        discount_code,
        discount_amount,
        shipping_amount,
        shipping_tax_amount,
        total_amount
    from {{ ref('stg_order_events__created_orders') }}
)

select
    lives.source as source,
    lives.order_id as order_id,
    created.occurred_at as ordered_at,
    case
        when lives.cancelled_at is not null then 'cancelled'
        when lives.delivered_at is not null then 'delivered'
        when lives.shipped_at is not null then 'shipped'
        when lives.paid_at is not null then 'paid'
        else 'created'
    end as status,
    coalesce(upper(created.currency), {{ shop_currency() }}) as currency_code,
    created.customer_id as customer_id,
    created.store_id as store_id,
    lower(created.channel) as channel,
    lives.paid_at as paid_at,
    lives.cancelled_at as cancelled_at,
    created.promised_delivery_at as promised_delivery_at,
    created.discount_amount as discount_amount,
    created.shipping_amount as shipping_amount,
    created.shipping_tax_amount as tax_amount,
    created.total_amount as total_amount,
    created.taxes_included as taxes_included,
    created.is_test as is_test,
    created.discount_code as discount_code,
    lives.updated_at as updated_at,
    lives._load_id as _load_id,
    lives._loaded_at as _loaded_at,
    lives._source_file as _source_file,
    lives._row_number as _row_number,
    lives._operation as _operation
from lives
left join created
    on lives.source = created.source
    and lives.order_id = created.order_id
