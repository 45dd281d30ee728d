-- One row per segment: how many accounts, what their persons brought.
with

persons as (
    select
        segment,
        order_count,
        net_sales_amount
    from {{ ref('customer_360') }}
    where person_key <> 0
),

summed as (
    select
        persons.segment as segment,
        count(*) as person_count,
        cast(sum(persons.order_count) as bigint) as order_count,
        {{ total('persons.net_sales_amount') }} as net_sales_amount
    from persons
    group by persons.segment
)

select
    summed.segment as segment,
    summed.person_count as person_count,
    summed.order_count as order_count,
    summed.net_sales_amount as net_sales_amount,
    {{ per('summed.net_sales_amount', 'summed.person_count') }} as lifetime_value_amount,
    {{ share_of('summed.net_sales_amount', 'sum(summed.net_sales_amount) over ()') }} as net_sales_share_rate
from summed
