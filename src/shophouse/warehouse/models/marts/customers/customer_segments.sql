-- One row per customer segment: the 11 of RFM, and 'no valid order' for all others, the unknown member among them. Net sales to date, by event date.
with

persons as (
    select
        person_key,
        order_count,
        valid_order_count,
        net_sales_amount
    from {{ ref('sales_by_person') }}
),

scores as (
    select
        person_key,
        segment
    from {{ ref('rfm_scores') }}
),

as_of as (
    select max(event_date) as as_of_date
    from {{ ref('sales_by_day') }}
),

summed as (
    select
        coalesce(scores.segment, 'no valid order') as segment,
        {{ sum_count('case when persons.order_count > 0 then 1 else 0 end') }} as person_count,
        {{ sum_count('persons.valid_order_count') }} as order_count,
        {{ sum_money('persons.net_sales_amount') }} as net_sales_amount,
        cast(sum(sum(case when persons.order_count > 0 then 1 else 0 end)) over () as bigint) as all_person_count,
        cast(sum(sum(persons.net_sales_amount)) over () as {{ type_money_sum() }}) as all_net_sales_amount
    from persons
    left join scores
        on persons.person_key = scores.person_key
    group by coalesce(scores.segment, 'no valid order')
),

final as (
    select
        summed.segment as segment,
        as_of.as_of_date as as_of_date,
        summed.person_count as person_count,
        {{ ratio('summed.person_count', 'summed.all_person_count') }} as person_share_rate,
        summed.order_count as order_count,
        summed.net_sales_amount as net_sales_amount,
        {{ ratio('summed.net_sales_amount', 'summed.all_net_sales_amount') }} as net_sales_share_rate,
        {{ money_per('summed.net_sales_amount', 'summed.person_count') }} as net_sales_per_person_amount,
        {{ money_per('summed.net_sales_amount', 'summed.order_count') }} as average_order_amount,
        {{ shop_currency() }} as currency_code
    from summed
    cross join as_of
)

select
    segment,
    as_of_date,
    person_count,
    person_share_rate,
    order_count,
    net_sales_amount,
    net_sales_share_rate,
    net_sales_per_person_amount,
    average_order_amount,
    currency_code
from final
