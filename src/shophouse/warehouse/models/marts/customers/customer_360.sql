-- One row per person with an order, and the unknown member where money has no person (a refund whose order nobody knows). No personal data: who the
-- person is stays in core. Money is net of everything up to as_of_date, the last day on which the ledger moved; orders are valid orders unless named.
with

persons as (
    select
        person_key,
        cohort_month,
        first_order_date,
        last_order_date,
        first_geography_key,
        first_channel_key,
        order_count,
        valid_order_count,
        item_count,
        gross_amount,
        discount_amount,
        return_amount,
        cancellation_amount,
        net_sales_amount,
        cost_amount
    from {{ ref('sales_by_person') }}
),

scores as (
    select
        person_key,
        segment
    from {{ ref('rfm_scores') }}
),

bought as (
    select
        person_key,
        category_key
    from {{ ref('top_categories') }}
),

categories as (
    select
        category_key,
        category_name
    from {{ ref('dim_category') }}
),

places as (
    select
        geography_key,
        country_code,
        state_code
    from {{ ref('dim_geography') }}
),

regions as (
    select
        country_code,
        state_code,
        state
    from {{ ref('regions') }}
),

channels as (
    select
        channel_key,
        channel
    from {{ ref('dim_channel') }}
),

as_of as (
    select max(event_date) as as_of_date
    from {{ ref('sales_by_day') }}
),

top_categories as (
    select
        bought.person_key as person_key,
        min(categories.category_name) as category_name
    from bought
    inner join categories
        on bought.category_key = categories.category_key
    group by bought.person_key
),

final as (
    select
        persons.person_key as person_key,
        as_of.as_of_date as as_of_date,
        persons.cohort_month as cohort_month,
        persons.first_order_date as first_order_date,
        persons.last_order_date as last_order_date,
        {{ days('persons.last_order_date', 'as_of.as_of_date') }} as days_since_last_order,
        {{ ratio(days('persons.first_order_date', 'persons.last_order_date'), 'persons.valid_order_count - 1') }} as average_gap_days,
        persons.valid_order_count >= 2 as is_repeat,
        persons.order_count as all_order_count,
        persons.valid_order_count as order_count,
        persons.item_count as item_count,
        persons.gross_amount as gross_amount,
        cast(-persons.discount_amount as {{ type_money() }}) as discount_amount,
        cast(-persons.return_amount as {{ type_money() }}) as return_amount,
        cast(-persons.cancellation_amount as {{ type_money() }}) as cancellation_amount,
        persons.net_sales_amount as net_sales_amount,
        persons.cost_amount as cost_amount,
        cast(persons.net_sales_amount - persons.cost_amount as {{ type_money() }}) as margin_amount,
        {{ money_per('persons.net_sales_amount', 'persons.valid_order_count') }} as average_order_amount,
        {{ shop_currency() }} as currency_code,
        coalesce(channels.channel, 'unknown') as first_channel,
        coalesce(places.country_code, 'unknown') as first_country_code,
        coalesce(places.state_code, 'unknown') as first_state_code,
        coalesce(regions.state, 'unknown') as first_state,
        coalesce(top_categories.category_name, 'unknown') as top_category_name,
        coalesce(scores.segment, 'no valid order') as segment
    from persons
    cross join as_of
    left join scores
        on persons.person_key = scores.person_key
    left join top_categories
        on persons.person_key = top_categories.person_key
    left join channels
        on persons.first_channel_key = channels.channel_key
    left join places
        on persons.first_geography_key = places.geography_key
    left join regions
        on places.country_code = regions.country_code
        and places.state_code = regions.state_code
)

select
    person_key,
    as_of_date,
    cohort_month,
    first_order_date,
    last_order_date,
    days_since_last_order,
    average_gap_days,
    is_repeat,
    all_order_count,
    order_count,
    item_count,
    gross_amount,
    discount_amount,
    return_amount,
    cancellation_amount,
    net_sales_amount,
    cost_amount,
    margin_amount,
    average_order_amount,
    currency_code,
    first_channel,
    first_country_code,
    first_state_code,
    first_state,
    top_category_name,
    segment
from final
