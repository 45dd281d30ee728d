-- One row per month in which money moved and category: the event book. The unknown member holds products without a category.
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
        cost_amount
    from {{ ref('product_sales_by_month') }}
),

products as (
    select
        product_key,
        category_key
    from {{ ref('dim_product') }}
),

categories as (
    select
        category_key,
        category_name,
        category_path,
        root_category_name
    from {{ ref('dim_category') }}
),

costed as (
    select product_key
    from sales
    where cost_amount is not null
    group by product_key
),

summed as (
    select
        sales.month_start_date as month_start_date,
        coalesce(products.category_key, {{ unknown_key() }}) as category_key,
        {{ sum_count('case when sales.gross_amount > 0 then 1 else 0 end') }} as sold_product_count,
        cast(sum(sales.quantity) as {{ type_money_sum() }}) as quantity,
        {{ sum_money('sales.gross_amount') }} as gross_amount,
        {{ sum_money('sales.discount_amount') }} as discount_amount,
        {{ sum_money('sales.return_amount') }} as return_amount,
        {{ sum_money('sales.cancellation_amount') }} as cancellation_amount,
        {{ sum_money('sales.net_sales_amount') }} as net_sales_amount,
        {{ sum_money('sales.cost_amount') }} as cost_amount,
        {{ sum_money('case when costed.product_key is not null then sales.net_sales_amount - coalesce(sales.cost_amount, 0) end') }} as margin_amount
    from sales
    left join products
        on sales.product_key = products.product_key
    left join costed
        on sales.product_key = costed.product_key
    group by
        sales.month_start_date,
        coalesce(products.category_key, {{ unknown_key() }})
),

final as (
    select
        summed.month_start_date as month_start_date,
        summed.category_key as category_key,
        coalesce(categories.category_name, 'unknown') as category_name,
        coalesce(categories.category_path, 'unknown') as category_path,
        coalesce(categories.root_category_name, 'unknown') as root_category_name,
        summed.sold_product_count as sold_product_count,
        summed.quantity as quantity,
        summed.gross_amount as gross_amount,
        cast(-summed.discount_amount as {{ type_money_sum() }}) as discount_amount,
        cast(-summed.return_amount as {{ type_money_sum() }}) as return_amount,
        cast(-summed.cancellation_amount as {{ type_money_sum() }}) as cancellation_amount,
        summed.net_sales_amount as net_sales_amount,
        summed.cost_amount as cost_amount,
        summed.margin_amount as margin_amount,
        {{ ratio('-summed.return_amount', 'summed.gross_amount + summed.discount_amount') }} as return_rate,
        {{ ratio('summed.net_sales_amount', 'sum(summed.net_sales_amount) over (partition by summed.month_start_date)') }} as net_sales_share_rate,
        {{ shop_currency() }} as currency_code
    from summed
    left join categories
        on summed.category_key = categories.category_key
)

select
    month_start_date,
    category_key,
    category_name,
    category_path,
    root_category_name,
    sold_product_count,
    quantity,
    gross_amount,
    discount_amount,
    return_amount,
    cancellation_amount,
    net_sales_amount,
    cost_amount,
    margin_amount,
    return_rate,
    net_sales_share_rate,
    currency_code
from final
