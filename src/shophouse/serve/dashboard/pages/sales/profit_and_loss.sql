with

summed as (
    select
        sum(net_sales_amount) as net_sales_amount,
        sum(goods_cost_amount) as goods_cost_amount,
        sum(shipping_cost_amount) as shipping_cost_amount,
        sum(fulfilment_cost_amount) as fulfilment_cost_amount,
        sum(payment_fee_cost_amount) as payment_fee_cost_amount,
        sum(returns_handling_cost_amount) as returns_handling_cost_amount,
        sum(ad_spend_cost_amount) as ad_spend_cost_amount,
        sum(marketing_cost_amount) as marketing_cost_amount,
        sum(overhead_cost_amount) as overhead_cost_amount,
        sum(operating_profit_amount) as operating_profit_amount
    from marts.profit_and_loss_daily
    where date_day between $start and $end
),

steps as (
    select 1 as place, 'Net sales' as step, net_sales_amount as amount, true as is_total from summed
    union all
    select 2, 'Goods', -goods_cost_amount, false from summed
    union all
    select 3, 'Shipping', -shipping_cost_amount, false from summed
    union all
    select 4, 'Fulfilment', -fulfilment_cost_amount, false from summed
    union all
    select 5, 'Payment fees', -payment_fee_cost_amount, false from summed
    union all
    select 6, 'Handling of returns', -returns_handling_cost_amount, false from summed
    union all
    select 7, 'Advertising', -ad_spend_cost_amount, false from summed
    union all
    select 8, 'Other marketing', -marketing_cost_amount, false from summed
    union all
    select 9, 'Overheads', -overhead_cost_amount, false from summed
    union all
    select 10, 'Operating profit', operating_profit_amount, true from summed
)

select
    step,
    amount,
    is_total
from steps
where is_total
    or amount <> 0
order by place
