-- One row per user, and the unknown one, who placed every order of a guest.
with

customers as (
    select
        customer_id,
        is_guest,
        geography_key,
        accepts_marketing,
        created_at
    from {{ ref('dim_customer') }}
),

places as (
    select
        geography_key,
        city,
        state_code,
        country_code
    from {{ ref('dim_geography') }}
)

select
    customers.customer_id as user_id,
    places.city as city,
    places.state_code as state_code,
    places.country_code as country_code,
    customers.is_guest as is_guest,
    customers.accepts_marketing as accepts_marketing,
    cast(customers.created_at as date) as created_date
from customers
inner join places
    on customers.geography_key = places.geography_key
