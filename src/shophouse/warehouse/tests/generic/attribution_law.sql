{#
  Conservation law 5, by order: what the touches of an order are credited with is the order, once, in each model, and its net sales in the shop's currency;
  and only touches that came before it are. Each row is an order and a model for which that doesn't hold.

  touches  the order's touches, by order_key and touch_key, with touched_at and ordered_at
  ledger   the money of each order
#}
{% test attribution_law(model, touches, ledger) %}
with

credited as (
    select
        credits.order_key as order_key,
        credits.attribution_model as attribution_model,
        cast(sum(credits.credit) as decimal(28, 8)) as credit,
        {{ sum_money("credits.net_sales_amount") }} as net_sales_amount,
        cast(sum(case when credits.credit < 0 or credits.credit > 1 then 1 else 0 end) as bigint) as impossible_count,
        cast(sum(case when touches.touched_at < touches.ordered_at then 0 else 1 end) as bigint) as later_count
    from {{ model }} as credits
    left join {{ touches }} as touches
        on credits.order_key = touches.order_key
        and credits.touch_key = touches.touch_key
    group by
        credits.order_key,
        credits.attribution_model
),

sales as (
    select
        order_key,
        {{ sum_money("net_sales_amount_reporting") }} as net_sales_amount
    from {{ ledger }}
    where order_key in (select credited.order_key from credited)
    group by order_key
),

sides as (
    select
        credited.order_key as order_key,
        credited.attribution_model as attribution_model,
        credited.credit as credit,
        credited.net_sales_amount as net_sales_amount,
        coalesce(sales.net_sales_amount, 0) as order_net_sales_amount,
        case
            when credited.later_count > 0 then 'credit to a touch that is not before the order'
            when credited.credit <> 1 or credited.impossible_count > 0 then 'credits are not 1'
            when credited.net_sales_amount <> coalesce(sales.net_sales_amount, 0) then 'credited net sales are not those of the order'
        end as problem
    from credited
    left join sales
        on credited.order_key = sales.order_key
),

-- Every model but those of paid touches credits each order that has a touch.
expected as (
    select count(distinct order_key) as order_count
    from {{ touches }}
),

models as (
    select
        attribution_model,
        count(*) as order_count
    from credited
    group by attribution_model
)

select
    order_key,
    attribution_model,
    problem,
    credit,
    net_sales_amount,
    order_net_sales_amount
from sides
where problem is not null
union all
select
    cast(null as bigint) as order_key,
    models.attribution_model as attribution_model,
    'orders with a touch are not credited' as problem,
    cast(null as decimal(28, 8)) as credit,
    cast(null as {{ type_money_sum() }}) as net_sales_amount,
    cast(null as {{ type_money_sum() }}) as order_net_sales_amount
from models
cross join expected
where models.attribution_model not in ('first_paid', 'last_paid')
    and models.order_count <> expected.order_count
{% endtest %}
