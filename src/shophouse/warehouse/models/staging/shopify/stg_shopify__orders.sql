-- One row per order and version.
{{ config(enabled=uses_platform('shopify')) }}

with

orders as (
    select
        source,
        id,
        name,
        created_at,
        processed_at,
        updated_at,
        cancelled_at,
        cancel_reason,
        currency,
        presentment_currency,
        financial_status,
        fulfillment_status,
        source_name,
        location_id,
        user_id,
        customer__id,
        test,
        taxes_included,
        total_price,
        total_tax,
        total_tip_received,
        original_total_duties_set__shop_money__amount,
        shipping_address__city,
        shipping_address__province,
        shipping_address__province_code,
        shipping_address__country_code,
        shipping_address__zip,
        _dlt_id,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_shopify__orders') }}
),

shipping as (
    select
        source,
        _dlt_parent_id,
        cast(sum(discounted_price) as {{ type_money() }}) as shipping_amount
    from {{ ref('base_shopify__orders__shipping_lines') }}
    group by
        source,
        _dlt_parent_id
),

shipping_parents as (
    select
        source,
        _dlt_id,
        _dlt_parent_id
    from {{ ref('base_shopify__orders__shipping_lines') }}
),

shipping_taxes as (
    select
        taxes.source as source,
        shipping_parents._dlt_parent_id as _dlt_parent_id,
        cast(sum(taxes.price) as {{ type_money() }}) as tax_amount
    from {{ ref('base_shopify__orders__shipping_lines__tax_lines') }} as taxes
    inner join shipping_parents
        on taxes.source = shipping_parents.source
        and taxes._dlt_parent_id = shipping_parents._dlt_id
    group by
        taxes.source,
        shipping_parents._dlt_parent_id
),

codes as (
    select
        source,
        _dlt_parent_id,
        min(code) as discount_code
    from {{ ref('base_shopify__orders__discount_codes') }}
    group by
        source,
        _dlt_parent_id
)

select
    orders.source as source,
    cast(orders.id as varchar) as order_id,
    coalesce(orders.processed_at, orders.created_at) as ordered_at,
    case
        when orders.cancelled_at is not null then 'cancelled'
        when lower(orders.financial_status) = 'refunded' then 'refunded'
        when lower(orders.fulfillment_status) in ('fulfilled', 'partial', 'restocked') then lower(orders.fulfillment_status)
        else coalesce(lower(orders.financial_status), 'pending')
    end as status,
    upper(orders.currency) as currency_code,
    cast(orders.customer__id as varchar) as customer_id,
    lower(orders.source_name) as channel,
    cast(orders.user_id as varchar) as employee_id,
    orders.cancelled_at as cancelled_at,
    cast(
        coalesce(shipping.shipping_amount, 0) - case when orders.taxes_included then coalesce(shipping_taxes.tax_amount, 0) else 0 end as {{ type_money() }}
    ) as shipping_amount,
    cast(case when orders.taxes_included then 0 else coalesce(shipping_taxes.tax_amount, 0) end as {{ type_money() }}) as tax_amount,
    coalesce(orders.original_total_duties_set__shop_money__amount, 0) as duties_amount,
    coalesce(orders.total_tip_received, 0) as tip_amount,
    cast(case when orders.taxes_included then coalesce(shipping_taxes.tax_amount, 0) else 0 end as {{ type_money() }}) as fee_amount,
    orders.total_price as total_amount,
    orders.taxes_included as taxes_included,
    {{ geography_id(
        'upper(orders.shipping_address__country_code)',
        'orders.shipping_address__province_code',
        'orders.shipping_address__zip',
        'orders.shipping_address__city'
    ) }} as shipping_geography_id,
    orders.test as is_test,
    codes.discount_code as discount_code,
    orders.updated_at as updated_at,
    orders._load_id as _load_id,
    orders._loaded_at as _loaded_at,
    orders._source_file as _source_file,
    orders._row_number as _row_number,
    orders._operation as _operation
from orders
left join shipping
    on orders.source = shipping.source
    and orders._dlt_id = shipping._dlt_parent_id
left join shipping_taxes
    on orders.source = shipping_taxes.source
    and orders._dlt_id = shipping_taxes._dlt_parent_id
left join codes
    on orders.source = codes.source
    and orders._dlt_id = codes._dlt_parent_id
