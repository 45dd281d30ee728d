-- One row per period (all time, last 90 days, last 30 days, counted back from the last day of data) and rank: the 100 products with the highest net sales, by
-- event date. Equal sales are ranked by name, then by key. The unknown member isn't a product and has no rank.
{% set most_ranks = 100 %}
with

sales as (
    select
        product_key,
        quantity,
        gross_amount,
        net_sales_amount,
        order_count
    from {{ ref('product_sales_by_month') }}
    where product_key <> {{ unknown_key() }}
),

lines as (
    select
        product_key,
        order_date,
        is_cancelled,
        quantity,
        {{ in_reporting('gross_amount') }} as gross_amount,
        {{ line_net_in_reporting() }} as net_amount
    from {{ ref('fct_order_items') }}
    where is_sale
),

-- Apart, for what is read twice is kept whole.
kept_lines as (
    select
        product_key,
        order_key,
        order_date
    from {{ ref('fct_order_items') }}
    where is_sale
        and not is_cancelled
),

-- Few orders have a product on two lines: only there orders are told apart.
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
    where product_key <> {{ unknown_key() }}
),

products as (
    select
        product_key,
        product_id,
        product_name,
        category_key
    from {{ ref('dim_product') }}
),

categories as (
    select
        category_key,
        category_name
    from {{ ref('dim_category') }}
),

as_of as (
    select max(event_date) as as_of_date
    from {{ ref('sales_by_day') }}
),

lengths as (
    select
        cast(period_days as integer) as period_days,
        cast(period as {{ type_text() }}) as period
    from (values (30, 'last 30 days'), (90, 'last 90 days')) as listed (period_days, period)
),

recent_lines as (
    select
        lines.product_key as product_key,
        {{ days('lines.order_date', 'as_of.as_of_date') }} as age_days,
        lines.quantity as quantity,
        lines.gross_amount as gross_amount,
        lines.net_amount as net_amount,
        case when lines.is_cancelled then 0 else 1 end as order_count
    from lines
    inner join as_of
        on lines.order_date > {{ add_days('as_of.as_of_date', -90) }}
),

repeated_lines as (
    select
        kept_lines.product_key as product_key,
        kept_lines.order_key as order_key,
        {{ days('kept_lines.order_date', 'as_of.as_of_date') }} as age_days
    from kept_lines
    inner join repeating_orders
        on kept_lines.order_key = repeating_orders.order_key
    inner join as_of
        on kept_lines.order_date > {{ add_days('as_of.as_of_date', -90) }}
),

recent as (
    select
        lengths.period as period,
        recent_lines.product_key as product_key,
        cast(sum(recent_lines.quantity) as {{ type_money_sum() }}) as quantity,
        {{ sum_money('recent_lines.gross_amount') }} as gross_amount,
        {{ sum_money('recent_lines.net_amount') }} as net_sales_amount,
        {{ sum_count('recent_lines.order_count') }} as order_count
    from recent_lines
    inner join lengths
        on recent_lines.age_days < lengths.period_days
    group by
        lengths.period,
        recent_lines.product_key
    union all
    select
        lengths.period as period,
        repeated_lines.product_key as product_key,
        cast(0 as {{ type_money_sum() }}) as quantity,
        cast(0 as {{ type_money_sum() }}) as gross_amount,
        cast(0 as {{ type_money_sum() }}) as net_sales_amount,
        cast(count(distinct repeated_lines.order_key) - count(*) as bigint) as order_count
    from repeated_lines
    inner join lengths
        on repeated_lines.age_days < lengths.period_days
    group by
        lengths.period,
        repeated_lines.product_key
    union all
    select
        lengths.period as period,
        taken_back.product_key as product_key,
        cast(sum(taken_back.quantity) as {{ type_money_sum() }}) as quantity,
        cast(0 as {{ type_money_sum() }}) as gross_amount,
        {{ sum_money('taken_back.return_amount + taken_back.cancellation_amount') }} as net_sales_amount,
        cast(0 as bigint) as order_count
    from taken_back
    cross join as_of
    inner join lengths
        on {{ days('taken_back.event_date', 'as_of.as_of_date') }} < lengths.period_days
    group by
        lengths.period,
        taken_back.product_key
    union all
    select
        'all time' as period,
        sales.product_key as product_key,
        cast(sum(sales.quantity) as {{ type_money_sum() }}) as quantity,
        {{ sum_money('sales.gross_amount') }} as gross_amount,
        {{ sum_money('sales.net_sales_amount') }} as net_sales_amount,
        {{ sum_count('sales.order_count') }} as order_count
    from sales
    group by sales.product_key
),

summed as (
    select
        period,
        product_key,
        cast(sum(quantity) as {{ type_money_sum() }}) as quantity,
        {{ sum_money('gross_amount') }} as gross_amount,
        {{ sum_money('net_sales_amount') }} as net_sales_amount,
        {{ sum_count('order_count') }} as order_count
    from recent
    group by
        period,
        product_key
),

ranked as (
    select
        summed.period as period,
        cast(
            row_number() over (
                partition by summed.period
                order by summed.net_sales_amount desc nulls last, products.product_name nulls last, summed.product_key
            ) as integer
        ) as net_sales_rank,
        summed.product_key as product_key,
        products.product_id as product_id,
        products.product_name as product_name,
        coalesce(categories.category_name, 'unknown') as category_name,
        summed.order_count as order_count,
        summed.quantity as quantity,
        summed.gross_amount as gross_amount,
        summed.net_sales_amount as net_sales_amount,
        {{ ratio('summed.net_sales_amount', 'sum(summed.net_sales_amount) over (partition by summed.period)') }} as net_sales_share_rate
    from summed
    inner join products
        on summed.product_key = products.product_key
    left join categories
        on products.category_key = categories.category_key
)

select
    ranked.period as period,
    ranked.net_sales_rank as net_sales_rank,
    ranked.product_key as product_key,
    ranked.product_id as product_id,
    ranked.product_name as product_name,
    ranked.category_name as category_name,
    ranked.order_count as order_count,
    ranked.quantity as quantity,
    ranked.gross_amount as gross_amount,
    ranked.net_sales_amount as net_sales_amount,
    ranked.net_sales_share_rate as net_sales_share_rate,
    as_of.as_of_date as as_of_date,
    {{ shop_currency() }} as currency_code
from ranked
cross join as_of
where ranked.net_sales_rank <= {{ most_ranks }}
