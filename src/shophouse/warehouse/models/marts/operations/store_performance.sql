-- One row per month and store from its first month to the last of the data, months without sales too, with its share of the month and its rank.
-- Amounts by the day on which money moved (the event book).
with

sales as (
    select
        event_date,
        store_key,
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
    from {{ ref('sales_by_day') }}
),

orders as (
    select
        order_date,
        store_key,
        order_count,
        new_customer_count,
        returning_order_count
    from {{ ref('orders_by_day') }}
),

calendar as (
    select
        date_day,
        month_end_date
    from {{ ref('dim_date') }}
    where day_of_month = 1
),

stores as (
    select
        store_key,
        store_name
    from {{ ref('dim_store') }}
),

stacked as (
    {{ sales_and_orders('event_date', keys=['store_key'], counts=['order_count', 'new_customer_count', 'returning_order_count']) }}
),

bounds as (
    select max(stacked.date_day) as last_day
    from stacked
),

filled as (
    {{ every_month(keys=['store_key'], counts=['order_count', 'new_customer_count', 'returning_order_count']) }}
),

summed as (
    select
        filled.month_start_date as month_start_date,
        filled.store_key as store_key,
        {{ sum_count('filled.order_count') }} as order_count,
        {{ sum_count('filled.new_customer_count') }} as new_customer_count,
        {{ sum_count('filled.returning_order_count') }} as returning_order_count,
        cast(sum(filled.quantity) as {{ type_money_sum() }}) as quantity,
        {{ sum_money('filled.gross_amount') }} as gross_amount,
        {{ sum_money('-filled.discount_amount') }} as discount_amount,
        {{ sum_money('-filled.return_amount') }} as return_amount,
        {{ sum_money('-filled.cancellation_amount') }} as cancellation_amount,
        {{ sum_money('filled.net_sales_amount') }} as net_sales_amount,
        {{ sum_money('filled.shipping_amount') }} as shipping_amount,
        {{ sum_money('filled.tax_amount') }} as tax_amount,
        {{ sum_money('filled.other_amount') }} as other_amount,
        {{ sum_money('filled.total_sales_amount') }} as total_sales_amount
    from filled
    group by
        filled.month_start_date,
        filled.store_key
),

final as (
    select
        summed.month_start_date as month_start_date,
        summed.store_key as store_key,
        coalesce(stores.store_name, 'unknown') as store_name,
        cast({{ shop_currency() }} as {{ type_text() }}) as currency_code,
        coalesce(calendar.month_end_date <= bounds.last_day, true) as is_complete,
        summed.order_count as order_count,
        summed.new_customer_count as new_customer_count,
        summed.returning_order_count as returning_order_count,
        summed.quantity as quantity,
        summed.gross_amount as gross_amount,
        summed.discount_amount as discount_amount,
        summed.return_amount as return_amount,
        summed.cancellation_amount as cancellation_amount,
        summed.net_sales_amount as net_sales_amount,
        summed.shipping_amount as shipping_amount,
        summed.tax_amount as tax_amount,
        summed.other_amount as other_amount,
        summed.total_sales_amount as total_sales_amount,
        {{ money_per('summed.net_sales_amount', 'summed.order_count') }} as average_order_amount,
        {{ ratio('summed.net_sales_amount', 'sum(summed.net_sales_amount) over (partition by summed.month_start_date)') }} as net_sales_share_rate,
        cast(
            row_number() over (
                partition by summed.month_start_date
                order by summed.net_sales_amount desc, summed.store_key
            ) as integer
        ) as net_sales_rank,
        previous_month.net_sales_amount as previous_month_net_sales_amount,
        previous_month.order_count as previous_month_order_count,
        {{ growth('summed.net_sales_amount', 'previous_month.net_sales_amount') }} as previous_month_growth_rate,
        year_ago.net_sales_amount as year_ago_net_sales_amount,
        year_ago.order_count as year_ago_order_count,
        {{ growth('summed.net_sales_amount', 'year_ago.net_sales_amount') }} as year_ago_growth_rate
    from summed
    cross join bounds
    left join calendar
        on summed.month_start_date = calendar.date_day
    left join stores
        on summed.store_key = stores.store_key
    left join summed as previous_month
        on {{ add_months('summed.month_start_date', -1) }} = previous_month.month_start_date
        and summed.store_key = previous_month.store_key
    left join summed as year_ago
        on {{ add_months('summed.month_start_date', -12) }} = year_ago.month_start_date
        and summed.store_key = year_ago.store_key
)

select
    month_start_date,
    store_key,
    store_name,
    currency_code,
    is_complete,
    order_count,
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
    net_sales_share_rate,
    net_sales_rank,
    previous_month_net_sales_amount,
    previous_month_order_count,
    previous_month_growth_rate,
    year_ago_net_sales_amount,
    year_ago_order_count,
    year_ago_growth_rate
from final
