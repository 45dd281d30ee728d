-- One row per product: the category that what persons bought was summed by. It is made after those sums, for what the next run compares with must not be
-- newer than they are.
{{ config(tags=['changes']) }}
-- depends_on: {{ ref('top_categories') }}
with

products as (
    select
        product_key,
        category_key
    from {{ ref('dim_product') }}
)

select
    product_key,
    category_key
from products
