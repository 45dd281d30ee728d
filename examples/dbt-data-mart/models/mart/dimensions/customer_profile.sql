-- One row per account: where it is from, which segment its person is in, and what the person brought so far.
with

customers as (
    select
        customer_key,
        person_key,
        source,
        customer_id,
        is_guest,
        accepts_marketing,
        geography_key,
        created_at
    from {{ ref('dim_customer') }}
),

places as (
    select
        geography_key,
        state_code,
        country_code
    from {{ ref('dim_geography') }}
),

lifetime as (
    select
        person_key,
        segment,
        cohort_month,
        last_order_date,
        days_since_last_order,
        order_count,
        net_sales_amount,
        average_order_amount,
        currency_code
    from {{ ref('customer_360') }}
)

select
    customers.customer_key as customer_key,
    customers.source as source,
    customers.customer_id as customer_id,
    customers.person_key as person_key,
    customers.is_guest as is_guest,
    customers.accepts_marketing as accepts_marketing,
    customers.created_at as created_at,
    places.state_code as state_code,
    places.country_code as country_code,
    coalesce(lifetime.segment, 'no valid order') as segment,
    lifetime.cohort_month as cohort_month,
    lifetime.last_order_date as last_order_date,
    lifetime.days_since_last_order as days_since_last_order,
    coalesce(lifetime.order_count, 0) as lifetime_order_count,
    coalesce(lifetime.net_sales_amount, 0) as lifetime_net_sales_amount,
    lifetime.average_order_amount as average_order_amount
from customers
inner join places
    on customers.geography_key = places.geography_key
left join lifetime
    on customers.person_key = lifetime.person_key
    and customers.person_key <> 0
