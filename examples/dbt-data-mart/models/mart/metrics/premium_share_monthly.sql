-- One row per month: how much of net sales comes from premium products. A metric of this shop alone, see macros/premium.sql.
with

product_months as (
    select
        month_start_date,
        product_key,
        net_sales_amount
    from {{ ref('fct_sales_by_product_month') }}
),

products as (
    select
        product_key,
        is_premium
    from {{ ref('product_profile') }}
),

summed as (
    select
        product_months.month_start_date as month_start_date,
        {{ total('case when products.is_premium then product_months.net_sales_amount else 0 end') }} as premium_net_sales_amount,
        {{ total('product_months.net_sales_amount') }} as net_sales_amount
    from product_months
    inner join products
        on product_months.product_key = products.product_key
    group by product_months.month_start_date
)

select
    summed.month_start_date as month_start_date,
    summed.premium_net_sales_amount as premium_net_sales_amount,
    summed.net_sales_amount as net_sales_amount,
    {{ share_of('summed.premium_net_sales_amount', 'summed.net_sales_amount') }} as premium_share_rate
from summed
