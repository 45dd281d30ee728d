-- One row per thing that a visitor did, and how far down the way to an order it is.
with

events as (
    select
        source,
        {{ source_of('source', 'products') }} as product_source,
        {{ source_of('source', 'orders') }} as order_source,
        event_id,
        session_id,
        visitor_id,
        lower({{ trimmed('event_name') }}) as event_name,
        occurred_at,
        product_id,
        order_id,
        value
    from {{ ref('input_events') }}
),

-- Apart from the events: what is read twice is kept in memory with all of its columns.
named_products as (
    select
        {{ source_of('source', 'products') }} as product_source,
        product_id
    from {{ ref('input_events') }}
),

-- Keys are hashed once for each product, not for each event.
products as (
    {{ keys_of('named_products', 'product_source', 'product_id', 'product_key') }}
),

funnel as (
    select
        event_name,
        step_number
    from {{ ref('funnel_events') }}
)

select
    {{ surrogate_key(['events.source', 'events.event_id']) }} as event_key,
    events.source as source,
    events.event_id as event_id,
    {{ surrogate_key(['events.source', 'events.session_id']) }} as session_key,
    coalesce(products.product_key, {{ unknown_key() }}) as product_key,
    events.product_id as product_id,
    {{ key_or_unknown('events.order_source', 'events.order_id') }} as order_key,
    events.event_name as event_name,
    coalesce(funnel.step_number, 0) as step_number,
    events.occurred_at as occurred_at,
    {{ day_at_shop('events.occurred_at', 'occurred') }} as occurred_date,
    events.value as value_amount,
    {{ shop_currency() }} as currency_code
from events
left join products
    on events.product_source = products.product_source
    and events.product_id = products.product_id
left join funnel
    on events.event_name = funnel.event_name
{{ joined_shop_offset('events.occurred_at', 'occurred') }}
