-- One row per day, book, attribution model and marketing channel: the orders and net sales that its touches are credited with.
-- The cash book has the day of the order, the accrual book that of the touch. What no touch is credited with is in the channel 'unattributed', on the day of the order.
with

credits as (
    select
        attribution_model,
        marketing_channel,
        touch_date,
        order_date,
        is_first_order,
        credit,
        net_sales_amount
    from {{ ref('fct_order_credits') }}
),

sales as (
    select
        order_date,
        net_sales_amount
    from {{ ref('sales_by_order_day') }}
),

orders as (
    select
        order_date,
        order_count,
        new_customer_count
    from {{ ref('orders_by_day') }}
),

books as (
    select 'cash' as book
    union all
    select 'accrual' as book
),

models as (
    {%- for model in attribution_models() %}
    select '{{ model }}' as attribution_model
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

credited as (
    select
        case when books.book = 'cash' then credits.order_date else credits.touch_date end as date_day,
        books.book as book,
        credits.attribution_model as attribution_model,
        credits.marketing_channel as marketing_channel,
        credits.credit as order_credit,
        case when credits.is_first_order then credits.credit else 0 end as new_customer_credit,
        credits.net_sales_amount as net_sales_amount
    from credits
    cross join books
),

days as (
    select
        sales.order_date as date_day,
        cast(0 as bigint) as order_count,
        cast(0 as bigint) as new_customer_count,
        sales.net_sales_amount as net_sales_amount
    from sales
    union all
    select
        orders.order_date as date_day,
        orders.order_count as order_count,
        orders.new_customer_count as new_customer_count,
        cast(0 as {{ type_money_sum() }}) as net_sales_amount
    from orders
),

wholes as (
    select
        date_day,
        cast(sum(order_count) as bigint) as order_count,
        cast(sum(new_customer_count) as bigint) as new_customer_count,
        {{ sum_money('net_sales_amount') }} as net_sales_amount
    from days
    group by date_day
),

parts as (
    select
        order_date as date_day,
        attribution_model,
        sum(credit) as order_credit,
        sum(case when is_first_order then credit else 0 end) as new_customer_credit,
        sum(net_sales_amount) as net_sales_amount
    from credits
    group by
        order_date,
        attribution_model
),

left_over as (
    select
        wholes.date_day as date_day,
        models.attribution_model as attribution_model,
        wholes.order_count - coalesce(parts.order_credit, 0) as order_credit,
        wholes.new_customer_count - coalesce(parts.new_customer_credit, 0) as new_customer_credit,
        wholes.net_sales_amount - coalesce(parts.net_sales_amount, 0) as net_sales_amount
    from wholes
    cross join models
    left join parts
        on wholes.date_day = parts.date_day
        and models.attribution_model = parts.attribution_model
    where {% if has_touches() %}1 = 1{% else %}1 = 0{% endif %}
),

stacked as (
    select
        date_day,
        book,
        attribution_model,
        marketing_channel,
        order_credit,
        new_customer_credit,
        net_sales_amount
    from credited
    union all
    select
        left_over.date_day as date_day,
        books.book as book,
        left_over.attribution_model as attribution_model,
        'unattributed' as marketing_channel,
        left_over.order_credit as order_credit,
        left_over.new_customer_credit as new_customer_credit,
        left_over.net_sales_amount as net_sales_amount
    from left_over
    cross join books
    where left_over.order_credit <> 0
        or left_over.net_sales_amount <> 0
)

select
    date_day,
    book,
    attribution_model,
    marketing_channel,
    cast(sum(order_credit) as decimal(28, 8)) as order_credit,
    cast(sum(new_customer_credit) as decimal(28, 8)) as new_customer_credit,
    {{ sum_money('net_sales_amount') }} as net_sales_amount,
    {{ shop_currency() }} as currency_code
from stacked
group by
    date_day,
    book,
    attribution_model,
    marketing_channel
