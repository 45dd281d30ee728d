{#
  The ledger summed by one of its two days (the event book or the order book), store, channel and state. Only what takes sales back is on another day
  in one book than in the other: the rest is summed once for both. `affected` names the affected days of an incremental model.
#}
{% macro ledger_by_day(day, affected=none) %}
with

sold as (
    select
        order_date as {{ day }},
        store_key,
        channel_key,
        country_code,
        state_code,
        quantity,
        gross_amount,
        discount_amount,
        shipping_amount,
        tax_amount,
        other_amount
    from {{ ref('sold_by_day') }}
),

taken_back as (
    select
        {{ day }},
        store_key,
        channel_key,
        geography_key,
        quantity,
        return_amount,
        cancellation_amount,
        shipping_amount,
        tax_amount,
        other_amount
    from {{ ref('taken_back') }}
),

places as (
    select
        geography_key,
        {{ region_code('country_code', 'country') }} as country_code,
        {{ region_code('state_code', 'state') }} as state_code
    from {{ ref('dim_geography') }}
),

stacked as (
    select
        sold.{{ day }} as {{ day }},
        sold.store_key as store_key,
        sold.channel_key as channel_key,
        sold.country_code as country_code,
        sold.state_code as state_code,
        sold.quantity as quantity,
        sold.gross_amount as gross_amount,
        sold.discount_amount as discount_amount,
        {{- zeros(['return_amount', 'cancellation_amount']) }},
        sold.shipping_amount as shipping_amount,
        sold.tax_amount as tax_amount,
        sold.other_amount as other_amount
    from sold
    {%- if affected %}
    where {{ is_affected('sold', day, affected) }}
    {%- endif %}
    union all
    select
        taken_back.{{ day }} as {{ day }},
        taken_back.store_key as store_key,
        taken_back.channel_key as channel_key,
        coalesce(places.country_code, 'unknown') as country_code,
        coalesce(places.state_code, 'unknown') as state_code,
        cast(sum(taken_back.quantity) as {{ type_money_sum() }}) as quantity,
        {{- zeros(['gross_amount', 'discount_amount']) }},
        {{ sum_money('taken_back.return_amount') }} as return_amount,
        {{ sum_money('taken_back.cancellation_amount') }} as cancellation_amount,
        {{ sum_money('taken_back.shipping_amount') }} as shipping_amount,
        {{ sum_money('taken_back.tax_amount') }} as tax_amount,
        {{ sum_money('taken_back.other_amount') }} as other_amount
    from taken_back
    left join places
        on taken_back.geography_key = places.geography_key
    {%- if affected %}
    where {{ is_affected('taken_back', day, affected) }}
    {%- endif %}
    group by
        taken_back.{{ day }},
        taken_back.store_key,
        taken_back.channel_key,
        coalesce(places.country_code, 'unknown'),
        coalesce(places.state_code, 'unknown')
),

summed as (
    select
        stacked.{{ day }} as {{ day }},
        stacked.store_key as store_key,
        stacked.channel_key as channel_key,
        stacked.country_code as country_code,
        stacked.state_code as state_code,
        cast(sum(stacked.quantity) as {{ type_money_sum() }}) as quantity,
        {{ sum_money('stacked.gross_amount') }} as gross_amount,
        {{ sum_money('stacked.discount_amount') }} as discount_amount,
        {{ sum_money('stacked.return_amount') }} as return_amount,
        {{ sum_money('stacked.cancellation_amount') }} as cancellation_amount,
        {{ sum_money('stacked.shipping_amount') }} as shipping_amount,
        {{ sum_money('stacked.tax_amount') }} as tax_amount,
        {{ sum_money('stacked.other_amount') }} as other_amount
    from stacked
    group by
        stacked.{{ day }},
        stacked.store_key,
        stacked.channel_key,
        stacked.country_code,
        stacked.state_code
),

final as (
    select
        {{ day }},
        store_key,
        channel_key,
        country_code,
        state_code,
        quantity,
        gross_amount,
        discount_amount,
        return_amount,
        cancellation_amount,
        cast(gross_amount + discount_amount + return_amount + cancellation_amount as {{ type_money_sum() }}) as net_sales_amount,
        shipping_amount,
        tax_amount,
        other_amount,
        cast(
            gross_amount + discount_amount + return_amount + cancellation_amount + shipping_amount + tax_amount + other_amount as {{ type_money_sum() }}
        ) as total_sales_amount
    from summed
)

select
    {{ day }},
    store_key,
    channel_key,
    country_code,
    state_code,
    quantity,
    gross_amount,
    discount_amount,
    return_amount,
    cancellation_amount,
    net_sales_amount,
    shipping_amount,
    tax_amount,
    other_amount,
    total_sales_amount
from final
{% endmacro %}


{# The mart of an aggregate that ledger_by_day() made, beside the orders that were placed on the same day. #}
{% macro sales_of_days(sales, day) %}
-- Discounts, returns and cancellations are positive: net sales are gross less all three.
with

sales as (
    select
        {{ day }},
        store_key,
        channel_key,
        country_code,
        state_code,
        quantity,
        gross_amount,
        discount_amount,
        return_amount,
        cancellation_amount,
        net_sales_amount,
        shipping_amount,
        tax_amount,
        other_amount,
        total_sales_amount
    from {{ ref(sales) }}
),

orders as (
    select
        order_date,
        store_key,
        channel_key,
        country_code,
        state_code,
        order_count,
        all_order_count,
        cancelled_order_count,
        new_customer_count,
        returning_order_count
    from {{ ref('orders_by_day') }}
),

stores as (
    select
        store_key,
        store_name
    from {{ ref('dim_store') }}
),

channels as (
    select
        channel_key,
        channel
    from {{ ref('dim_channel') }}
),

regions as (
    select
        country_code,
        state_code,
        state
    from {{ ref('regions') }}
),

-- Both have one row per key, so that neither multiplies the other.
joined as (
    select
        coalesce(sales.{{ day }}, orders.order_date) as date_day,
        {%- for key in ['store_key', 'channel_key', 'country_code', 'state_code'] %}
        coalesce(sales.{{ key }}, orders.{{ key }}) as {{ key }},
        {%- endfor %}
        {%- for amount in sales_amounts() %}
        {%- set sign = '-' if amount in ('discount_amount', 'return_amount', 'cancellation_amount') else '' %}
        cast(coalesce({{ sign }}sales.{{ amount }}, 0) as {{ type_money_sum() }}) as {{ amount }},
        {%- endfor %}
        {%- for count in ['order_count', 'all_order_count', 'cancelled_order_count', 'new_customer_count', 'returning_order_count'] %}
        coalesce(orders.{{ count }}, 0) as {{ count }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from sales
    full outer join orders
        on sales.{{ day }} = orders.order_date
        and sales.store_key = orders.store_key
        and sales.channel_key = orders.channel_key
        and sales.country_code = orders.country_code
        and sales.state_code = orders.state_code
),

final as (
    select
        joined.date_day as date_day,
        joined.store_key as store_key,
        coalesce(stores.store_name, 'unknown') as store_name,
        joined.channel_key as channel_key,
        coalesce(channels.channel, 'unknown') as channel,
        joined.country_code as country_code,
        joined.state_code as state_code,
        coalesce(regions.state, joined.state_code) as state,
        cast({{ shop_currency() }} as {{ type_text() }}) as currency_code,
        joined.order_count as order_count,
        joined.all_order_count as all_order_count,
        joined.cancelled_order_count as cancelled_order_count,
        joined.new_customer_count as new_customer_count,
        joined.returning_order_count as returning_order_count,
        joined.quantity as quantity,
        joined.gross_amount as gross_amount,
        joined.discount_amount as discount_amount,
        joined.return_amount as return_amount,
        joined.cancellation_amount as cancellation_amount,
        joined.net_sales_amount as net_sales_amount,
        joined.shipping_amount as shipping_amount,
        joined.tax_amount as tax_amount,
        joined.other_amount as other_amount,
        joined.total_sales_amount as total_sales_amount,
        {{ money_per('joined.net_sales_amount', 'joined.order_count') }} as average_order_amount,
        {{ money_per('joined.gross_amount', 'joined.order_count') }} as gross_average_order_amount,
        {{ money_per('joined.total_sales_amount', 'joined.order_count') }} as total_average_order_amount
    from joined
    left join stores
        on joined.store_key = stores.store_key
    left join channels
        on joined.channel_key = channels.channel_key
    left join regions
        on joined.country_code = regions.country_code
        and joined.state_code = regions.state_code
)

select
    date_day,
    store_key,
    store_name,
    channel_key,
    channel,
    country_code,
    state_code,
    state,
    currency_code,
    order_count,
    all_order_count,
    cancelled_order_count,
    new_customer_count,
    returning_order_count,
    quantity,
    gross_amount,
    discount_amount,
    return_amount,
    cancellation_amount,
    net_sales_amount,
    shipping_amount,
    tax_amount,
    other_amount,
    total_sales_amount,
    average_order_amount,
    gross_average_order_amount,
    total_average_order_amount
from final
{% endmacro %}


{# The amounts of the aggregates by day, in the ledger's signs. #}
{% macro sales_amounts() %}
    {{- return([
        "quantity", "gross_amount", "discount_amount", "return_amount", "cancellation_amount", "net_sales_amount", "shipping_amount",
        "tax_amount", "other_amount", "total_sales_amount"
    ]) -}}
{% endmacro %}


{#
  The rows of the CTE `sales` and those of the CTE `orders` in one shape, zero where the other side has the figure. Money and orders
  are summed apart and meet here, so that neither multiplies the other.

  day      the column of sales that is a row's day; of orders it is order_date
  keys     columns that both have
  counts   columns of orders
  amounts  columns of sales
#}
{% macro sales_and_orders(day, keys, counts, amounts=none) %}
    {%- set amounts = amounts or sales_amounts() -%}
    select
        sales.{{ day }} as date_day,
        {%- for key in keys %}
        sales.{{ key }} as {{ key }},
        {%- endfor %}
        {%- for count in counts %}
        cast(0 as bigint) as {{ count }},
        {%- endfor %}
        {%- for amount in amounts %}
        sales.{{ amount }} as {{ amount }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from sales
    union all
    select
        orders.order_date as date_day,
        {%- for key in keys %}
        orders.{{ key }} as {{ key }},
        {%- endfor %}
        {%- for count in counts %}
        orders.{{ count }} as {{ count }},
        {%- endfor %}
        {{- zeros(amounts) }}
    from orders
{%- endmacro %}


{# Figures of which there are none. #}
{% macro zeros(amounts) -%}
    {%- for amount in amounts %}
        cast(0 as {{ type_money_sum() }}) as {{ amount }}{% if not loop.last %},{% endif %}
    {%- endfor %}
{%- endmacro %}


{#
  The rows of `stacked`, which sales_and_orders() made, by month, and one of zeros for each month of the CTE `calendar` from a member's
  first to the last of the data, which the CTE `bounds` knows: months without sales are there too.

  keys    columns that name a member
  counts  as given to sales_and_orders()
#}
{% macro every_month(keys, counts) %}
    {%- set first_month = date_trunc_date("month", "min(stacked.date_day)") -%}
    select
        {{ date_trunc_date("month", "stacked.date_day") }} as month_start_date,
        {%- for column in keys + counts + sales_amounts() %}
        stacked.{{ column }} as {{ column }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from stacked
    union all
    select
        calendar.date_day as month_start_date,
        {%- for key in keys %}
        members.{{ key }} as {{ key }},
        {%- endfor %}
        {%- for count in counts %}
        cast(0 as bigint) as {{ count }},
        {%- endfor %}
        {{- zeros(sales_amounts()) }}
    from calendar
    inner join (
        select
            {%- for key in keys %}
            stacked.{{ key }} as {{ key }},
            {%- endfor %}
            {{ first_month }} as first_month
        from stacked
        group by
            {%- for key in keys %}
            stacked.{{ key }}{% if not loop.last %},{% endif %}
            {%- endfor %}
    ) as members
        on calendar.date_day >= members.first_month
    inner join bounds
        on calendar.date_day <= bounds.last_day
{%- endmacro %}
