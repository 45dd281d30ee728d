-- One row per month in which money moved and product: the event book. The unknown member holds what no product is known for.
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
        product_name,
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

-- A month in which a product only came back has no cost of its own: what is known is asked of the product, not of the month.
measured as (
    select
        sales.month_start_date as month_start_date,
        sales.product_key as product_key,
        sales.order_count as order_count,
        sales.quantity as quantity,
        sales.gross_amount as gross_amount,
        sales.discount_amount as discount_amount,
        sales.return_amount as return_amount,
        sales.cancellation_amount as cancellation_amount,
        sales.net_sales_amount as net_sales_amount,
        case when count(sales.cost_amount) over (partition by sales.product_key) > 0 then coalesce(sales.cost_amount, 0) end as cost_amount,
        sum(sales.net_sales_amount) over (partition by sales.month_start_date) as month_net_sales_amount,
        cast(
            row_number() over (
                partition by sales.month_start_date
                order by sales.net_sales_amount desc nulls last, sales.product_key
            ) as integer
        ) as net_sales_rank
    from sales
),

final as (
    select
        measured.month_start_date as month_start_date,
        measured.product_key as product_key,
        coalesce(products.product_name, 'unknown') as product_name,
        products.brand as brand,
        coalesce(categories.category_name, 'unknown') as category_name,
        measured.order_count as order_count,
        measured.quantity as quantity,
        measured.gross_amount as gross_amount,
        cast(-measured.discount_amount as {{ type_money_sum() }}) as discount_amount,
        cast(-measured.return_amount as {{ type_money_sum() }}) as return_amount,
        cast(-measured.cancellation_amount as {{ type_money_sum() }}) as cancellation_amount,
        measured.net_sales_amount as net_sales_amount,
        cast(measured.cost_amount as {{ type_money_sum() }}) as cost_amount,
        cast(measured.net_sales_amount - measured.cost_amount as {{ type_money_sum() }}) as margin_amount,
        {{ ratio('measured.net_sales_amount - measured.cost_amount', 'measured.net_sales_amount') }} as margin_rate,
        {{ ratio('-measured.return_amount', 'measured.gross_amount + measured.discount_amount') }} as return_rate,
        {{ ratio('measured.net_sales_amount', 'measured.month_net_sales_amount') }} as net_sales_share_rate,
        measured.net_sales_rank as net_sales_rank,
        {{ shop_currency() }} as currency_code
    from measured
    left join products
        on measured.product_key = products.product_key
    left join categories
        on products.category_key = categories.category_key
)

select
    month_start_date,
    product_key,
    product_name,
    brand,
    category_name,
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
