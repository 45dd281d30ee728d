-- One row per unique customer: the person (customer_unique_id), not the account that Olist makes for every order.
with

identities as (
    select
        source,
        customer_id,
        person_id
    from {{ ref('input_customer_identities') }}
),

accounts as (
    select
        source,
        customer_id,
        person_key
    from {{ ref('dim_customer') }}
),

persons as (
    select
        person_key,
        order_count,
        valid_order_count,
        first_order_date,
        last_order_date
    from {{ ref('dim_person') }}
),

named as (
    select
        accounts.person_key as person_key,
        min(identities.person_id) as customer_unique_id
    from identities
    inner join accounts
        on identities.source = accounts.source
        and identities.customer_id = accounts.customer_id
    group by accounts.person_key
),

places_by_order as (
    select
        person_key,
        geography_key,
        row_number() over (
            partition by person_key
            order by ordered_at desc, order_key
        ) as order_rank
    from {{ ref('fct_orders') }}
),

places as (
    select
        geography_key,
        postal_code,
        city,
        state_code
    from {{ ref('dim_geography') }}
)

select
    named.customer_unique_id as customer_unique_id,
    named.person_key as person_key,
    places.postal_code as postal_code,
    places.city as city,
    places.state_code as state_code,
    persons.order_count as lifetime_order_count,
    persons.valid_order_count as lifetime_valid_order_count,
    persons.first_order_date as first_order_date,
    persons.last_order_date as last_order_date
from named
inner join persons
    on named.person_key = persons.person_key
left join places_by_order
    on named.person_key = places_by_order.person_key
    and places_by_order.order_rank = 1
left join places
    on places_by_order.geography_key = places.geography_key
