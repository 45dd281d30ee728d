-- One row per month in which money moved, channel and category that the product was in when it was sold: the event book. A product that changed
-- its category has its earlier sales, and what takes them back, in the earlier one. category_performance has them all in today's.
with

lines as (
    select
        order_date,
        ordered_at,
        product_key,
        channel_key,
        quantity,
        {{ in_reporting('gross_amount') }} as gross_amount,
        {{ in_reporting('discount_amount') }} as discount_amount
    from {{ ref('fct_order_items') }}
    where is_sale
),

taken_back as (
    select
        order_key,
        event_date,
        product_key,
        channel_key,
        quantity,
        return_amount,
        cancellation_amount
    from {{ ref('taken_back') }}
),

orders as (
    select
        order_key,
        ordered_at
    from {{ ref('fct_orders') }}
),

-- Apart, for what is read twice is kept whole.
changed_taken_back as (
    select
        order_key,
        product_key
    from {{ ref('taken_back') }}
),

products as (
    select
        product_key,
        category_key
    from {{ ref('dim_product') }}
),

-- What has one version only is not among them.
versions as (
    select
        product_key,
        category_key,
        valid_from,
        valid_to
    from {{ ref('product_versions') }}
),

changed_products as (
    select distinct product_key
    from {{ ref('product_versions') }}
),

categories as (
    select
        category_key,
        category_name,
        category_path,
        root_category_name
    from {{ ref('dim_category') }}
),

channels as (
    select
        channel_key,
        channel
    from {{ ref('dim_channel') }}
),

sold as (
    select
        {{ date_trunc_date('month', 'lines.order_date') }} as month_start_date,
        lines.channel_key as channel_key,
        coalesce(versions.category_key, products.category_key, {{ unknown_key() }}) as category_key,
        cast(sum(lines.quantity) as {{ type_money_sum() }}) as quantity,
        {{ sum_money('lines.gross_amount') }} as gross_amount,
        {{ sum_money('lines.discount_amount') }} as discount_amount,
        {{ sum_money('case when versions.category_key <> products.category_key then lines.gross_amount else 0 end') }} as moved_gross_amount
    from lines
    left join products
        on lines.product_key = products.product_key
    left join versions
        on lines.product_key = versions.product_key
        and lines.ordered_at >= versions.valid_from
        and lines.ordered_at < versions.valid_to
    group by
        {{ date_trunc_date('month', 'lines.order_date') }},
        lines.channel_key,
        coalesce(versions.category_key, products.category_key, {{ unknown_key() }})
),

-- When goods were sold matters only for products that have changed.
changed_orders as (
    select
        orders.order_key as order_key,
        orders.ordered_at as ordered_at
    from orders
    where orders.order_key in (
            select changed_taken_back.order_key
            from changed_taken_back
            inner join changed_products
                on changed_taken_back.product_key = changed_products.product_key
        )
),

-- Where the order isn't known, the category is today's.
returned as (
    select
        {{ date_trunc_date('month', 'taken_back.event_date') }} as month_start_date,
        taken_back.channel_key as channel_key,
        coalesce(versions.category_key, products.category_key, {{ unknown_key() }}) as category_key,
        cast(sum(taken_back.quantity) as {{ type_money_sum() }}) as quantity,
        {{ sum_money('-taken_back.return_amount') }} as return_amount,
        {{ sum_money('-taken_back.cancellation_amount') }} as cancellation_amount
    from taken_back
    left join changed_orders
        on taken_back.order_key = changed_orders.order_key
    left join products
        on taken_back.product_key = products.product_key
    left join versions
        on taken_back.product_key = versions.product_key
        and changed_orders.ordered_at >= versions.valid_from
        and changed_orders.ordered_at < versions.valid_to
    group by
        {{ date_trunc_date('month', 'taken_back.event_date') }},
        taken_back.channel_key,
        coalesce(versions.category_key, products.category_key, {{ unknown_key() }})
),

stacked as (
    select
        sold.month_start_date as month_start_date,
        sold.channel_key as channel_key,
        sold.category_key as category_key,
        sold.quantity as quantity,
        sold.gross_amount as gross_amount,
        sold.discount_amount as discount_amount,
        cast(0 as {{ type_money_sum() }}) as return_amount,
        cast(0 as {{ type_money_sum() }}) as cancellation_amount,
        sold.moved_gross_amount as moved_gross_amount
    from sold
    union all
    select
        returned.month_start_date as month_start_date,
        returned.channel_key as channel_key,
        returned.category_key as category_key,
        returned.quantity as quantity,
        cast(0 as {{ type_money_sum() }}) as gross_amount,
        cast(0 as {{ type_money_sum() }}) as discount_amount,
        returned.return_amount as return_amount,
        returned.cancellation_amount as cancellation_amount,
        cast(0 as {{ type_money_sum() }}) as moved_gross_amount
    from returned
),

summed as (
    select
        stacked.month_start_date as month_start_date,
        stacked.channel_key as channel_key,
        stacked.category_key as category_key,
        cast(sum(stacked.quantity) as {{ type_money_sum() }}) as quantity,
        {{ sum_money('stacked.gross_amount') }} as gross_amount,
        {{ sum_money('stacked.discount_amount') }} as discount_amount,
        {{ sum_money('stacked.return_amount') }} as return_amount,
        {{ sum_money('stacked.cancellation_amount') }} as cancellation_amount,
        {{ sum_money('stacked.gross_amount - stacked.discount_amount - stacked.return_amount - stacked.cancellation_amount') }} as net_sales_amount,
        {{ sum_money('stacked.moved_gross_amount') }} as moved_gross_amount
    from stacked
    group by
        stacked.month_start_date,
        stacked.channel_key,
        stacked.category_key
),

final as (
    select
        summed.month_start_date as month_start_date,
        summed.channel_key as channel_key,
        summed.category_key as category_key,
        coalesce(channels.channel, 'unknown') as channel,
        coalesce(categories.category_name, 'unknown') as category_name,
        coalesce(categories.category_path, 'unknown') as category_path,
        coalesce(categories.root_category_name, 'unknown') as root_category_name,
        summed.quantity as quantity,
        summed.gross_amount as gross_amount,
        summed.discount_amount as discount_amount,
        summed.return_amount as return_amount,
        summed.cancellation_amount as cancellation_amount,
        summed.net_sales_amount as net_sales_amount,
        summed.moved_gross_amount as moved_gross_amount,
        {{ ratio('summed.net_sales_amount', 'sum(summed.net_sales_amount) over (partition by summed.month_start_date, summed.channel_key)') }} as net_sales_share_rate,
        {{ shop_currency() }} as currency_code
    from summed
    left join channels
        on summed.channel_key = channels.channel_key
    left join categories
        on summed.category_key = categories.category_key
)

select
    month_start_date,
    channel_key,
    category_key,
    channel,
    category_name,
    category_path,
    root_category_name,
    quantity,
    gross_amount,
    discount_amount,
    return_amount,
    cancellation_amount,
    net_sales_amount,
    moved_gross_amount,
    net_sales_share_rate,
    currency_code
from final
