-- One row per product and product that was bought with it in a valid order, the 20 most frequent of each. Bounded so that it stays fast and
-- readable: pairs among the 1,000 products with the most orders, together in at least 5 orders.
{% set most_products = 1000 %}
{% set least_orders = 5 %}
{% set most_companions = 20 %}
with

lines as (
    select
        order_key,
        product_key
    from {{ ref('fct_order_items') }}
    where is_sale
        and not is_cancelled
),

-- Apart, for what is read twice is kept whole.
repeated_lines as (
    select
        order_key,
        product_key
    from {{ ref('fct_order_items') }}
    where is_sale
        and not is_cancelled
),

sales as (
    select
        product_key,
        order_count
    from {{ ref('product_sales_by_month') }}
    where product_key <> {{ unknown_key() }}
),

-- Few orders have a product on two lines: only there it is told apart.
repeating_orders as (
    select order_key
    from {{ ref('fct_orders') }}
    where product_count < line_count
),

orders as (
    select cast(count(*) as bigint) as order_count
    from {{ ref('fct_orders') }}
    where is_valid
),

products as (
    select
        product_key,
        product_name
    from {{ ref('dim_product') }}
),

product_orders as (
    select
        product_key,
        {{ sum_count('order_count') }} as order_count
    from sales
    group by product_key
),

ranked as (
    select
        product_orders.product_key as product_key,
        product_orders.order_count as order_count,
        row_number() over (order by product_orders.order_count desc nulls last, product_orders.product_key) as order_rank
    from product_orders
    where product_orders.order_count >= {{ least_orders }}
),

popular as (
    select
        ranked.product_key as product_key,
        ranked.order_count as order_count
    from ranked
    where ranked.order_rank <= {{ most_products }}
),

baskets as (
    select
        lines.order_key as order_key,
        lines.product_key as product_key
    from lines
    inner join popular
        on lines.product_key = popular.product_key
    left join repeating_orders
        on lines.order_key = repeating_orders.order_key
    where repeating_orders.order_key is null
    union all
    select distinct
        repeated_lines.order_key as order_key,
        repeated_lines.product_key as product_key
    from repeated_lines
    inner join popular
        on repeated_lines.product_key = popular.product_key
    inner join repeating_orders
        on repeated_lines.order_key = repeating_orders.order_key
),

pairs as (
    select
        baskets.product_key as product_key,
        others.product_key as with_product_key,
        cast(count(*) as bigint) as pair_order_count
    from baskets
    inner join baskets as others
        on baskets.order_key = others.order_key
        and baskets.product_key < others.product_key
    group by
        baskets.product_key,
        others.product_key
    having count(*) >= {{ least_orders }}
),

directed as (
    select
        pairs.product_key as product_key,
        pairs.with_product_key as with_product_key,
        pairs.pair_order_count as pair_order_count
    from pairs
    union all
    select
        pairs.with_product_key as product_key,
        pairs.product_key as with_product_key,
        pairs.pair_order_count as pair_order_count
    from pairs
),

companions as (
    select
        directed.product_key as product_key,
        directed.with_product_key as with_product_key,
        directed.pair_order_count as pair_order_count,
        cast(
            row_number() over (
                partition by directed.product_key
                order by directed.pair_order_count desc nulls last, directed.with_product_key
            ) as integer
        ) as companion_rank
    from directed
),

final as (
    select
        companions.product_key as product_key,
        products.product_name as product_name,
        companions.with_product_key as with_product_key,
        with_products.product_name as with_product_name,
        companions.companion_rank as companion_rank,
        companions.pair_order_count as pair_order_count,
        popular.order_count as product_order_count,
        with_popular.order_count as with_product_order_count,
        orders.order_count as all_order_count,
        {{ ratio('companions.pair_order_count', 'orders.order_count') }} as support_rate,
        {{ ratio('companions.pair_order_count', 'popular.order_count') }} as confidence_rate,
        {{ ratio('companions.pair_order_count * orders.order_count', 'popular.order_count * with_popular.order_count') }} as lift
    from companions
    cross join orders
    inner join popular
        on companions.product_key = popular.product_key
    inner join popular as with_popular
        on companions.with_product_key = with_popular.product_key
    left join products
        on companions.product_key = products.product_key
    left join products as with_products
        on companions.with_product_key = with_products.product_key
    where companions.companion_rank <= {{ most_companions }}
)

select
    product_key,
    product_name,
    with_product_key,
    with_product_name,
    companion_rank,
    pair_order_count,
    product_order_count,
    with_product_order_count,
    all_order_count,
    support_rate,
    confidence_rate,
    lift
from final
