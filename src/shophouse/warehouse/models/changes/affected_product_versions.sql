-- One row per product of which something has arrived: an incremental run looks at its whole history. Empty in a full run.
with

named as (
    {{ arrived('products', ['product_id']) }}
),

final as (
    select
        named.source as source,
        named.product_id as product_id,
        {{ surrogate_key(['named.source', 'named.product_id']) }} as product_key
    from named
    where named.product_id is not null
        and {{ passes_changes_on() }}
)

select
    source,
    product_id,
    product_key
from final
