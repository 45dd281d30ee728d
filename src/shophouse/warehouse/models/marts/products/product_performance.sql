-- One row per product that was ever sold or taken back, to date. The unknown member holds what no product is known for.
with

sales as (
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
    from {{ ref('product_sales_by_month') }}
),

products as (
    select
        product_key,
        product_id,
        product_name,
        sku,
        brand,
        category_key
    from {{ ref('dim_product') }}
),

categories as (
    select
        category_key,
        category_name
    from {{ ref('dim_category') }}
),

summed as (
    select
        product_key,
        min(month_start_date) as first_month,
        max(month_start_date) as last_month,
        {{ sum_count('order_count') }} as order_count,
        cast(sum(quantity) as {{ type_money_sum() }}) as quantity,
        {{ sum_money('gross_amount') }} as gross_amount,
        {{ sum_money('discount_amount') }} as discount_amount,
        {{ sum_money('return_amount') }} as return_amount,
        {{ sum_money('cancellation_amount') }} as cancellation_amount,
        {{ sum_money('net_sales_amount') }} as net_sales_amount,
        {{ sum_money('cost_amount') }} as cost_amount
    from sales
    group by product_key
),

ranked as (
    select
        summed.product_key as product_key,
        summed.first_month as first_month,
        summed.last_month as last_month,
        summed.order_count as order_count,
        summed.quantity as quantity,
        summed.gross_amount as gross_amount,
        summed.discount_amount as discount_amount,
        summed.return_amount as return_amount,
        summed.cancellation_amount as cancellation_amount,
        summed.net_sales_amount as net_sales_amount,
        summed.cost_amount as cost_amount,
        sum(summed.net_sales_amount) over () as all_net_sales_amount,
        cast(row_number() over (order by summed.net_sales_amount desc nulls last, summed.product_key) as integer) as net_sales_rank
    from summed
),

final as (
    select
        ranked.product_key as product_key,
        coalesce(products.product_id, 'unknown') as product_id,
        coalesce(products.product_name, 'unknown') as product_name,
        products.sku as sku,
        products.brand as brand,
        coalesce(categories.category_name, 'unknown') as category_name,
        ranked.first_month as first_month,
        ranked.last_month as last_month,
        ranked.order_count as order_count,
        ranked.quantity as quantity,
        ranked.gross_amount as gross_amount,
        cast(-ranked.discount_amount as {{ type_money_sum() }}) as discount_amount,
        cast(-ranked.return_amount as {{ type_money_sum() }}) as return_amount,
        cast(-ranked.cancellation_amount as {{ type_money_sum() }}) as cancellation_amount,
        ranked.net_sales_amount as net_sales_amount,
        ranked.cost_amount as cost_amount,
        cast(ranked.net_sales_amount - ranked.cost_amount as {{ type_money_sum() }}) as margin_amount,
        {{ ratio('ranked.net_sales_amount - ranked.cost_amount', 'ranked.net_sales_amount') }} as margin_rate,
        {{ ratio('-ranked.return_amount', 'ranked.gross_amount + ranked.discount_amount') }} as return_rate,
        {{ ratio('ranked.net_sales_amount', 'ranked.all_net_sales_amount') }} as net_sales_share_rate,
        ranked.net_sales_rank as net_sales_rank,
        {{ shop_currency() }} as currency_code
    from ranked
    left join products
        on ranked.product_key = products.product_key
    left join categories
        on products.category_key = categories.category_key
)

select
    product_key,
    product_id,
    product_name,
    sku,
    brand,
    category_name,
    first_month,
    last_month,
    order_count,
    quantity,
    gross_amount,
    discount_amount,
    return_amount,
    cancellation_amount,
    net_sales_amount,
    cost_amount,
    margin_amount,
    margin_rate,
    return_rate,
    net_sales_share_rate,
    net_sales_rank,
    currency_code
from final
