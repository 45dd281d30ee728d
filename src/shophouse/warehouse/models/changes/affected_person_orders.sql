-- One row per order of every person who has, or had before this run, an affected order: their sequence may change. Empty in a full run.
{{ config(tags=['changes']) }}

with

affected_orders as (
    select order_key
    from {{ ref('affected_orders') }}
),

headers as (
    select
        order_key,
        person_key
    from {{ ref('order_headers') }}
),

persons as (
    select headers.person_key as person_key
    from headers
    inner join affected_orders
        on headers.order_key = affected_orders.order_key
    union
    select person_key
    from {{ ref('affected_persons_before') }}
),

final as (
    select affected_orders.order_key as order_key
    from affected_orders
    union
    select headers.order_key as order_key
    from headers
    inner join persons
        on headers.person_key = persons.person_key
)

select order_key
from final
where {{ passes_changes_on() }}
