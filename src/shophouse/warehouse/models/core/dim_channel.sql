-- One row per sales channel that an order names; 'unknown' where the source names none.
with

channels as (
    select
        channel_key,
        channel
    from {{ ref('fct_orders') }}
    union
    select
        {{ surrogate_key(["'unknown'"]) }} as channel_key,
        'unknown' as channel
)

select
    channel_key,
    channel
from channels
