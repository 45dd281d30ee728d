with

orders as (
    select
        order_key,
        source
    from core.fct_orders
),

counted as (
    select
        source,
        count(*) as order_count
    from orders
    group by source
),

ledger as (
    select
        coalesce(orders.source, 'unknown order') as source,
        sum(ledger.gross_amount_reporting) as gross_amount,
        sum(ledger.net_sales_amount_reporting) as net_sales_amount
    from core.fct_sales_ledger as ledger
    left join orders
        on ledger.order_key = orders.order_key
    group by 1
),

rejected as (
    select
        source,
        count(*) as rejected_order_count,
        sum(amount) as rejected_amount
    from ops.rejected_rows
    where entity = 'orders'
    group by source
),

sources as (
    select source
    from counted
    union
    select source
    from ledger
    union
    select source
    from rejected
),

by_source as (
    select
        sources.source,
        coalesce(counted.order_count, 0) as order_count,
        coalesce(ledger.gross_amount, 0) as gross_amount,
        coalesce(ledger.net_sales_amount, 0) as net_sales_amount,
        coalesce(rejected.rejected_order_count, 0) as rejected_order_count,
        coalesce(rejected.rejected_amount, 0) as rejected_amount
    from sources
    left join counted
        on sources.source = counted.source
    left join ledger
        on sources.source = ledger.source
    left join rejected
        on sources.source = rejected.source
),

marts as (
    select
        coalesce(sum(all_order_count), 0) as order_count,
        coalesce(sum(gross_amount), 0) as gross_amount,
        coalesce(sum(net_sales_amount), 0) as net_sales_amount
    from marts.sales_daily
),

together as (
    select
        sum(order_count) as order_count,
        sum(gross_amount) as gross_amount,
        sum(net_sales_amount) as net_sales_amount
    from by_source
),

lines as (
    select
        1 as line_number,
        source as place,
        order_count,
        gross_amount,
        net_sales_amount,
        rejected_order_count,
        rejected_amount
    from by_source
    union all
    select
        2,
        'In the marts (sales_daily)',
        order_count,
        gross_amount,
        net_sales_amount,
        null,
        null
    from marts
    union all
    select
        3,
        'Difference',
        marts.order_count - coalesce(together.order_count, 0),
        marts.gross_amount - coalesce(together.gross_amount, 0),
        marts.net_sales_amount - coalesce(together.net_sales_amount, 0),
        null,
        null
    from marts
    cross join together
)

select
    place,
    order_count,
    gross_amount,
    net_sales_amount,
    rejected_order_count,
    rejected_amount
from lines
order by
    line_number,
    place
