-- One row per discount code that valid orders carry, 'none' for those without. Amounts as ordered: after discounts, before returns.
with

orders as (
    select
        source,
        discount_code,
        order_date,
        is_first_order,
        item_count,
        gross_amount_reporting as gross_amount,
        discount_amount_reporting as discount_amount,
        net_amount_reporting as net_amount,
        refund_product_amount_reporting as refund_product_amount
    from {{ ref('fct_orders') }}
    where is_valid
),

promotions as (
    select
        code,
        promotion_kind,
        promotion_value,
        starts_at,
        row_number() over (
            partition by code
            order by starts_at desc nulls last, promotion_key
        ) as promotion_rank
    from {{ ref('dim_promotion') }}
    where code is not null
),

summed as (
    select
        coalesce(orders.discount_code, 'none') as discount_code,
        cast(count(*) as bigint) as order_count,
        {{ sum_count('case when orders.is_first_order then 1 else 0 end') }} as new_customer_count,
        cast(sum(orders.item_count) as {{ type_money_sum() }}) as item_count,
        {{ sum_money('orders.gross_amount') }} as gross_amount,
        {{ sum_money('orders.discount_amount') }} as discount_amount,
        {{ sum_money('orders.net_amount') }} as net_amount,
        {{ sum_money('orders.refund_product_amount') }} as return_amount,
        min(orders.order_date) as first_order_date,
        max(orders.order_date) as last_order_date
    from orders
    group by coalesce(orders.discount_code, 'none')
),

final as (
    select
        summed.discount_code as discount_code,
        promotions.promotion_kind as promotion_kind,
        promotions.promotion_value as promotion_value,
        cast({{ shop_currency() }} as {{ type_text() }}) as currency_code,
        summed.order_count as order_count,
        summed.new_customer_count as new_customer_count,
        summed.item_count as item_count,
        summed.gross_amount as gross_amount,
        summed.discount_amount as discount_amount,
        summed.net_amount as net_amount,
        summed.return_amount as return_amount,
        {{ money_per('summed.net_amount', 'summed.order_count') }} as average_order_amount,
        {{ ratio('summed.discount_amount', 'summed.gross_amount') }} as discount_rate,
        {{ ratio('summed.return_amount', 'summed.net_amount') }} as return_rate,
        {{ ratio('summed.new_customer_count', 'summed.order_count') }} as new_customer_rate,
        {{ ratio('summed.order_count', 'sum(summed.order_count) over ()') }} as order_share_rate,
        summed.first_order_date as first_order_date,
        summed.last_order_date as last_order_date
    from summed
    left join promotions
        on summed.discount_code = promotions.code
        and promotions.promotion_rank = 1
)

select
    discount_code,
    promotion_kind,
    promotion_value,
    currency_code,
    order_count,
    new_customer_count,
    item_count,
    gross_amount,
    discount_amount,
    net_amount,
    return_amount,
    average_order_amount,
    discount_rate,
    return_rate,
    new_customer_rate,
    order_share_rate,
    first_order_date,
    last_order_date
from final
