-- One row per order line. Amounts are in the order's currency, and exchange_rate is what one unit of it is worth in the shop's; order-level discount,
-- shipping and tax are allocated to the lines, so that lines sum to their order.
{{ config(
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='order_key',
    meta={'affected': 'affected_orders'}
) }}

with

lines as (
    select
        source,
        order_id,
        line_number,
        product_id,
        quantity,
        unit_price,
        discount_amount,
        tax_amount,
        shipping_amount,
        unit_cost,
        seller_id
    from {{ affected_input('order_items', by='order_id', affected='affected_orders') }} as input_order_items
),

headers as (
    select
        source,
        order_id,
        order_key,
        customer_key,
        person_key,
        store_key,
        geography_key,
        channel_key,
        employee_key,
        order_status,
        is_cancelled,
        is_test,
        is_deleted,
        ordered_at,
        order_date,
        currency_code,
        exchange_rate,
        has_taxes_included,
        order_discount_amount,
        order_shipping_amount,
        order_tax_amount
    from {{ ref('order_headers') }}
    where {{ is_affected('order_headers', 'order_key', 'affected_orders') }}
),

products as (
    select
        source,
        product_id,
        {{ surrogate_key(['source', 'product_id']) }} as product_key,
        unit_cost,{% if has_product_currencies() %}
        coalesce(currency_code, {{ shop_currency() }}) as currency_code,{% endif %}
        is_gift_card
    from {{ ref('input_products') }}
),
{% if has_product_currencies() %}
rates as (
    select
        rate_date,
        from_currency,
        rate
    from {{ ref('fct_exchange_rates_daily') }}
),
{% endif %}
priced as (
    select
        headers.order_key as order_key,
        lines.source as source,
        lines.order_id as order_id,
        lines.line_number as line_number,
        lines.product_id as product_id,
        coalesce(products.product_key, {{ surrogate_key(['lines.source', 'lines.product_id']) }}) as product_key,
        lines.seller_id as seller_id,
        {{ key_or_unknown('lines.source', 'lines.seller_id') }} as seller_key,
        headers.customer_key as customer_key,
        headers.person_key as person_key,
        headers.store_key as store_key,
        headers.geography_key as geography_key,
        headers.channel_key as channel_key,
        headers.employee_key as employee_key,
        headers.is_cancelled as is_cancelled,
        not headers.is_test and not headers.is_deleted and not coalesce(products.is_gift_card, false) as is_sale,
        coalesce(products.is_gift_card, false) as is_gift_card,
        headers.ordered_at as ordered_at,
        headers.order_date as order_date,
        headers.currency_code as currency_code,
        headers.exchange_rate as exchange_rate,
        lines.quantity as quantity,
        lines.unit_price as unit_price,
        headers.has_taxes_included as has_taxes_included,
        cast(
            lines.quantity * lines.unit_price
            - case when headers.has_taxes_included then coalesce(lines.tax_amount, 0) else 0 end as {{ type_money() }}
        ) as gross_amount,
        coalesce(lines.discount_amount, 0) as discount_amount,
        coalesce(lines.tax_amount, 0) as tax_amount,
        coalesce(lines.shipping_amount, 0) as shipping_amount,
        {{ cost_of_line('reporting') }} as cost_amount_reporting,
        {{ cost_of_line('order') }} as cost_amount,
        headers.order_discount_amount as order_discount_amount,
        headers.order_shipping_amount as order_shipping_amount,
        headers.order_tax_amount as order_tax_amount
    from lines
    inner join headers
        on lines.source = headers.source
        and lines.order_id = headers.order_id
    left join products
        on lines.source = products.source
        and lines.product_id = products.product_id
    {%- if has_product_currencies() %}
    left join rates
        on headers.order_date = rates.rate_date
        and products.currency_code = rates.from_currency
    {%- endif %}
),

-- Only orders that carry amounts of their own: most don't, and nothing is to be split in them. These lines are read a second
-- time, for it is cheaper than to keep all lines until the shares are known. A gift card is money for later: what the order carries
-- belongs to its goods.
carrying_headers as (
    select
        order_headers.source as source,
        order_headers.order_id as order_id,
        order_headers.order_key as order_key,
        order_headers.has_taxes_included as has_taxes_included,
        order_headers.order_discount_amount as discount_amount,
        order_headers.order_shipping_amount as shipping_amount,
        order_headers.order_tax_amount as tax_amount,
        cast(case currencies.minor_units when 0 then 1 when 3 then 1000 when 4 then 10000 else 100 end as integer) as scale
    from {{ ref('order_headers') }} as order_headers
    inner join {{ ref('currencies') }} as currencies
        on order_headers.currency_code = currencies.code
    where {{ is_affected('order_headers', 'order_key', 'affected_orders') }}
        and (
            order_headers.order_discount_amount <> 0
            or order_headers.order_shipping_amount <> 0
            or order_headers.order_tax_amount <> 0
        )
),

carrying_lines as (
    select
        source,
        order_id,
        line_number,
        product_id,
        quantity,
        unit_price,
        discount_amount,
        tax_amount
    from {{ affected_input('order_items', by='order_id', affected='affected_orders') }} as input_order_items
),

gift_cards as (
    select
        source,
        product_id
    from {{ ref('input_products') }}
    where is_gift_card
),

carrying as (
    select
        carrying_headers.order_key as order_key,
        carrying_lines.line_number as line_number,
        carrying_headers.scale as scale,
        case
            when gift_cards.product_id is not null then 0
            else
                cast(
                    round(
                        greatest(
                            cast(
                                carrying_lines.quantity * carrying_lines.unit_price
                                - case when carrying_headers.has_taxes_included then coalesce(carrying_lines.tax_amount, 0) else 0 end
                                - coalesce(carrying_lines.discount_amount, 0) as {{ type_money() }}
                            ),
                            0
                        ) * carrying_headers.scale,
                        0
                    ) as bigint
                )
        end as weight,
        carrying_headers.discount_amount as discount_amount,
        carrying_headers.shipping_amount as shipping_amount,
        carrying_headers.tax_amount as tax_amount
    from carrying_lines
    inner join carrying_headers
        on carrying_lines.source = carrying_headers.source
        and carrying_lines.order_id = carrying_headers.order_id
    left join gift_cards
        on carrying_lines.source = gift_cards.source
        and carrying_lines.product_id = gift_cards.product_id
),

totals as (
    select
        carrying.order_key as order_key,
        cast(count(*) as bigint) as line_count,
        cast(sum(carrying.weight) as bigint) as weight_sum
    from carrying
    group by carrying.order_key
),

to_split as (
    select
        carrying.order_key as order_key,
        carrying.line_number as line_number,
        carrying.scale as scale,
        case when totals.weight_sum > 0 then carrying.weight else 1 end as weight,
        carrying.discount_amount as discount_amount,
        carrying.shipping_amount as shipping_amount,
        carrying.tax_amount as tax_amount,
        totals.line_count as line_count,
        case when totals.weight_sum > 0 then totals.weight_sum else totals.line_count end as weight_sum
    from carrying
    inner join totals
        on carrying.order_key = totals.order_key
),

refunded as (
    select
        order_key,
        line_number,
        cast(sum(quantity) as decimal(18, 4)) as refunded_quantity,
        cast(sum(refund_amount) as {{ type_money() }}) as refunded_amount
    from {{ ref('fct_refund_items') }}
    where line_number is not null
        and {{ is_affected('fct_refund_items', 'order_key', 'affected_orders') }}
    group by
        order_key,
        line_number
),

allocated as (
    {{ allocated('to_split', ['discount_amount', 'shipping_amount', 'tax_amount']) | indent(4) }}
),

single as (
    select order_key
    from totals
    where line_count = 1
),

shared as (
    select
        priced.order_key as order_key,
        priced.source as source,
        priced.order_id as order_id,
        priced.line_number as line_number,
        priced.product_id as product_id,
        priced.product_key as product_key,
        priced.seller_id as seller_id,
        priced.seller_key as seller_key,
        priced.customer_key as customer_key,
        priced.person_key as person_key,
        priced.store_key as store_key,
        priced.geography_key as geography_key,
        priced.channel_key as channel_key,
        priced.employee_key as employee_key,
        priced.is_cancelled as is_cancelled,
        priced.is_sale as is_sale,
        priced.is_gift_card as is_gift_card,
        priced.ordered_at as ordered_at,
        priced.order_date as order_date,
        priced.currency_code as currency_code,
        priced.exchange_rate as exchange_rate,
        priced.quantity as quantity,
        priced.unit_price as unit_price,
        priced.has_taxes_included as has_taxes_included,
        priced.gross_amount as gross_amount,
        priced.discount_amount as discount_amount,
        priced.tax_amount as tax_amount,
        priced.shipping_amount as shipping_amount,
        case
            when single.order_key is null then coalesce(allocated.discount_amount, 0)
            else priced.order_discount_amount
        end as allocated_discount_amount,
        case
            when single.order_key is null then coalesce(allocated.tax_amount, 0)
            else priced.order_tax_amount
        end as allocated_tax_amount,
        case
            when single.order_key is null then coalesce(allocated.shipping_amount, 0)
            else priced.order_shipping_amount
        end as allocated_shipping_amount,
        priced.cost_amount as cost_amount,
        priced.cost_amount_reporting as cost_amount_reporting,
        coalesce(refunded.refunded_quantity, 0) as refunded_quantity,
        coalesce(refunded.refunded_amount, 0) as refunded_amount
    from priced
    left join allocated
        on priced.order_key = allocated.order_key
        and priced.line_number = allocated.line_number
    left join single
        on priced.order_key = single.order_key
    left join refunded
        on priced.order_key = refunded.order_key
        and priced.line_number = refunded.line_number
),

summed as (
    select
        shared.order_key as order_key,
        shared.source as source,
        shared.order_id as order_id,
        shared.line_number as line_number,
        shared.product_id as product_id,
        shared.product_key as product_key,
        shared.seller_id as seller_id,
        shared.seller_key as seller_key,
        shared.customer_key as customer_key,
        shared.person_key as person_key,
        shared.store_key as store_key,
        shared.geography_key as geography_key,
        shared.channel_key as channel_key,
        shared.employee_key as employee_key,
        shared.is_cancelled as is_cancelled,
        shared.is_sale as is_sale,
        shared.is_gift_card as is_gift_card,
        shared.ordered_at as ordered_at,
        shared.order_date as order_date,
        shared.currency_code as currency_code,
        shared.exchange_rate as exchange_rate,
        shared.quantity as quantity,
        shared.unit_price as unit_price,
        cast(
            shared.gross_amount - case when shared.has_taxes_included then shared.allocated_tax_amount else 0 end as {{ type_money() }}
        ) as gross_amount,
        cast(shared.discount_amount + shared.allocated_discount_amount as {{ type_money() }}) as discount_amount,
        cast(shared.tax_amount + shared.allocated_tax_amount as {{ type_money() }}) as tax_amount,
        cast(shared.shipping_amount + shared.allocated_shipping_amount as {{ type_money() }}) as shipping_amount,
        shared.allocated_discount_amount as allocated_discount_amount,
        shared.allocated_tax_amount as allocated_tax_amount,
        shared.allocated_shipping_amount as allocated_shipping_amount,
        shared.cost_amount as cost_amount,
        shared.cost_amount_reporting as cost_amount_reporting,
        shared.refunded_quantity as refunded_quantity,
        shared.refunded_amount as refunded_amount
    from shared
),

final as (
    select
        summed.order_key as order_key,
        summed.source as source,
        summed.order_id as order_id,
        summed.line_number as line_number,
        summed.product_id as product_id,
        summed.product_key as product_key,
        summed.seller_id as seller_id,
        summed.seller_key as seller_key,
        summed.customer_key as customer_key,
        summed.person_key as person_key,
        summed.store_key as store_key,
        summed.geography_key as geography_key,
        summed.channel_key as channel_key,
        summed.employee_key as employee_key,
        summed.is_cancelled as is_cancelled,
        summed.is_sale as is_sale,
        summed.is_gift_card as is_gift_card,
        summed.ordered_at as ordered_at,
        summed.order_date as order_date,
        summed.currency_code as currency_code,
        summed.exchange_rate as exchange_rate,
        summed.quantity as quantity,
        summed.unit_price as unit_price,
        summed.gross_amount as gross_amount,
        summed.discount_amount as discount_amount,
        cast(summed.gross_amount - summed.discount_amount as {{ type_money() }}) as net_amount,
        summed.tax_amount as tax_amount,
        summed.shipping_amount as shipping_amount,
        summed.allocated_discount_amount as allocated_discount_amount,
        summed.allocated_tax_amount as allocated_tax_amount,
        summed.allocated_shipping_amount as allocated_shipping_amount,
        summed.cost_amount as cost_amount,
        summed.cost_amount_reporting as cost_amount_reporting,
        cast(summed.gross_amount - summed.discount_amount - summed.cost_amount as {{ type_money() }}) as margin_amount,
        summed.refunded_quantity as refunded_quantity,
        summed.refunded_amount as refunded_amount
    from summed
)

select
    order_key,
    source,
    order_id,
    line_number,
    product_id,
    product_key,
    seller_id,
    seller_key,
    customer_key,
    person_key,
    store_key,
    geography_key,
    channel_key,
    employee_key,
    is_cancelled,
    is_sale,
    is_gift_card,
    ordered_at,
    order_date,
    currency_code,
    exchange_rate,
    quantity,
    unit_price,
    gross_amount,
    discount_amount,
    net_amount,
    tax_amount,
    shipping_amount,
    allocated_discount_amount,
    allocated_tax_amount,
    allocated_shipping_amount,
    cost_amount,
    cost_amount_reporting,
    margin_amount,
    refunded_quantity,
    refunded_amount
from final
