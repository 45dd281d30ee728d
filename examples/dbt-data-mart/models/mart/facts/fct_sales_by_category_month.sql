-- One row per category and month in which money moved: the products of fct_sales_by_product_month, summed.
with

product_months as (
    select
        month_start_date,
        product_key,
        quantity,
        gross_amount,
        discount_amount,
        taken_back_amount,
        net_sales_amount
    from {{ ref('fct_sales_by_product_month') }}
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
        category_name
    from {{ ref('dim_category') }}
)

select
    product_months.month_start_date as month_start_date,
    categories.category_key as category_key,
    categories.category_name as category_name,
    {{ total('product_months.quantity') }} as quantity,
    {{ total('product_months.gross_amount') }} as gross_amount,
    {{ total('product_months.discount_amount') }} as discount_amount,
    {{ total('product_months.taken_back_amount') }} as taken_back_amount,
    {{ total('product_months.net_sales_amount') }} as net_sales_amount
from product_months
inner join products
    on product_months.product_key = products.product_key
inner join categories
    on products.category_key = categories.category_key
group by
    product_months.month_start_date,
    categories.category_key,
    categories.category_name
