-- One row per month in which money moved and product: the event book. Sums of the ledger, with its signs: what takes a sale back is negative.
-- Sales and their cost are read from the lines, which the ledger's sales are.
with

lines as (
    select
        product_key,
        order_date,
        is_cancelled,
        quantity,
        {{ in_reporting('gross_amount') }} as gross_amount,
        {{ in_reporting('discount_amount') }} as discount_amount,
        cost_amount_reporting as cost_amount
    from {{ ref('fct_order_items') }}
    where is_sale
),

-- Apart, for what is read twice is kept whole.
cancelled_lines as (
    select
        order_key,
        product_key,
        cost_amount_reporting as cost_amount
    from {{ ref('fct_order_items') }}
    where is_sale
        and is_cancelled
),

kept_lines as (
    select
        order_key,
        product_key,
        order_date
    from {{ ref('fct_order_items') }}
    where is_sale
        and not is_cancelled
),

orders as (
    select
        order_key,
        cancelled_date
    from {{ ref('fct_orders') }}
    where is_cancelled
),

-- Few orders have a product on two lines: to tell orders apart only there is four times as fast as everywhere.
repeating_orders as (
    select order_key
    from {{ ref('fct_orders') }}
    where product_count < line_count
),

taken_back as (
    select
        product_key,
        event_date,
        quantity,
        return_amount,
        cancellation_amount
    from {{ ref('taken_back') }}
),

sold as (
    select
        {{ date_trunc_date('month', 'lines.order_date') }} as month_start_date,
        lines.product_key as product_key,
        cast(sum(lines.quantity) as {{ type_money_sum() }}) as quantity,
        {{ sum_money('lines.gross_amount') }} as gross_amount,
        {{ sum_money('-lines.discount_amount') }} as discount_amount,
        {{ sum_money('lines.cost_amount') }} as cost_amount,
        {{ sum_count('case when lines.is_cancelled then 0 else 1 end') }} as order_count
    from lines
    group by
        {{ date_trunc_date('month', 'lines.order_date') }},
        lines.product_key
),

repeated as (
    select
        {{ date_trunc_date('month', 'kept_lines.order_date') }} as month_start_date,
        kept_lines.product_key as product_key,
        cast(count(*) - count(distinct kept_lines.order_key) as bigint) as repeated_count
    from kept_lines
    inner join repeating_orders
        on kept_lines.order_key = repeating_orders.order_key
    group by
        {{ date_trunc_date('month', 'kept_lines.order_date') }},
        kept_lines.product_key
),

cost_taken_back as (
    select
        {{ date_trunc_date('month', 'orders.cancelled_date') }} as month_start_date,
        cancelled_lines.product_key as product_key,
        {{ sum_money('-cancelled_lines.cost_amount') }} as cost_amount
    from cancelled_lines
    inner join orders
        on cancelled_lines.order_key = orders.order_key
    group by
        {{ date_trunc_date('month', 'orders.cancelled_date') }},
        cancelled_lines.product_key
),

returned as (
    select
        {{ date_trunc_date('month', 'taken_back.event_date') }} as month_start_date,
        taken_back.product_key as product_key,
        cast(sum(taken_back.quantity) as {{ type_money_sum() }}) as quantity,
        {{ sum_money('taken_back.return_amount') }} as return_amount,
        {{ sum_money('taken_back.cancellation_amount') }} as cancellation_amount
    from taken_back
    group by
        {{ date_trunc_date('month', 'taken_back.event_date') }},
        taken_back.product_key
),

stacked as (
    select
        sold.month_start_date as month_start_date,
        sold.product_key as product_key,
        sold.quantity as quantity,
        sold.gross_amount as gross_amount,
        sold.discount_amount as discount_amount,
        cast(0 as {{ type_money_sum() }}) as return_amount,
        cast(0 as {{ type_money_sum() }}) as cancellation_amount,
        sold.cost_amount as cost_amount,
        sold.order_count as order_count
    from sold
    union all
    select
        returned.month_start_date as month_start_date,
        returned.product_key as product_key,
        returned.quantity as quantity,
        cast(0 as {{ type_money_sum() }}) as gross_amount,
        cast(0 as {{ type_money_sum() }}) as discount_amount,
        returned.return_amount as return_amount,
        returned.cancellation_amount as cancellation_amount,
        cast(null as {{ type_money_sum() }}) as cost_amount,
        cast(0 as bigint) as order_count
    from returned
    union all
    select
        cost_taken_back.month_start_date as month_start_date,
        cost_taken_back.product_key as product_key,
        cast(0 as {{ type_money_sum() }}) as quantity,
        cast(0 as {{ type_money_sum() }}) as gross_amount,
        cast(0 as {{ type_money_sum() }}) as discount_amount,
        cast(0 as {{ type_money_sum() }}) as return_amount,
        cast(0 as {{ type_money_sum() }}) as cancellation_amount,
        cost_taken_back.cost_amount as cost_amount,
        cast(0 as bigint) as order_count
    from cost_taken_back
    union all
    select
        repeated.month_start_date as month_start_date,
        repeated.product_key as product_key,
        cast(0 as {{ type_money_sum() }}) as quantity,
        cast(0 as {{ type_money_sum() }}) as gross_amount,
        cast(0 as {{ type_money_sum() }}) as discount_amount,
        cast(0 as {{ type_money_sum() }}) as return_amount,
        cast(0 as {{ type_money_sum() }}) as cancellation_amount,
        cast(null as {{ type_money_sum() }}) as cost_amount,
        cast(-repeated.repeated_count as bigint) as order_count
    from repeated
    where repeated.repeated_count > 0
),

final as (
    select
        stacked.month_start_date as month_start_date,
        stacked.product_key as product_key,
        cast(sum(stacked.quantity) as {{ type_money_sum() }}) as quantity,
        {{ sum_money('stacked.gross_amount') }} as gross_amount,
        {{ sum_money('stacked.discount_amount') }} as discount_amount,
        {{ sum_money('stacked.return_amount') }} as return_amount,
        {{ sum_money('stacked.cancellation_amount') }} as cancellation_amount,
        {{ sum_money('stacked.gross_amount + stacked.discount_amount + stacked.return_amount + stacked.cancellation_amount') }} as net_sales_amount,
        {{ sum_money('stacked.cost_amount') }} as cost_amount,
        {{ sum_count('stacked.order_count') }} as order_count
    from stacked
    group by
        stacked.month_start_date,
        stacked.product_key
)

select
    month_start_date,
    product_key,
    quantity,
    gross_amount,
    discount_amount,
    return_amount,
    cancellation_amount,
    net_sales_amount,
    cost_amount,
    order_count
from final
