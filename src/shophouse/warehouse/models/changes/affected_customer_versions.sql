-- One row per account of which something has arrived: an incremental run looks at its whole history. Empty in a full run.
with

named as (
    {{ arrived('customers', ['customer_id']) }}
),

final as (
    select
        named.source as source,
        named.customer_id as customer_id,
        {{ surrogate_key(['named.source', 'named.customer_id']) }} as customer_key
    from named
    where named.customer_id is not null
        and {{ passes_changes_on() }}
)

select
    source,
    customer_id,
    customer_key
from final
