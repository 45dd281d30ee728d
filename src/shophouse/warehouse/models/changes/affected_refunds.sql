-- One row per refund that this run must calculate again: of which something has arrived, of an affected order, of a product of which something that facts
-- are made of has arrived, and of no known order, for what they are worth follows the exchange rates. Empty in a full run.
{{ config(tags=['changes']) }}
{%- set before = as_built('core', 'fct_refunds') %}

with

affected_orders as (
    select
        source,
        order_id,
        has_arrived
    from {{ ref('affected_orders') }}
),

refund_versions as (
    {{ all_versions('refunds', ['refund_id', 'order_id']) }}
),

followed_products as (
    select
        source,
        product_id
    from {{ ref('followed_products') }}
),

refund_item_versions as (
    {{ all_versions('refund_items', ['refund_id', 'product_id']) }}
),

arrived as (
    {{ arrived('refunds', ['refund_id']) }}
    union
    {{ arrived('refund_items', ['refund_id']) }}
),

named as (
    select
        arrived.source as source,
        arrived.refund_id as refund_id,
        1 as has_arrived
    from arrived
    union all
    select
        refund_versions.source as source,
        refund_versions.refund_id as refund_id,
        case when affected_orders.has_arrived then 1 else 0 end as has_arrived
    from refund_versions
    inner join affected_orders
        on refund_versions.source = affected_orders.source
        and refund_versions.order_id = affected_orders.order_id
    union all
    select
        refund_item_versions.source as source,
        refund_item_versions.refund_id as refund_id,
        1 as has_arrived
    from refund_item_versions
    inner join followed_products
        on refund_item_versions.source = followed_products.source
        and refund_item_versions.product_id = followed_products.product_id
    {%- if before %}
    union all
    select
        refunds_before.source as source,
        refunds_before.refund_id as refund_id,
        1 as has_arrived
    from {{ before }} as refunds_before
    where not refunds_before.has_order
    {%- endif %}
),

final as (
    select
        named.source as source,
        named.refund_id as refund_id,
        {{ surrogate_key(['named.source', 'named.refund_id']) }} as refund_key,
        max(named.has_arrived) = 1 as has_arrived
    from named
    where named.refund_id is not null
        and {{ passes_changes_on() }}
    group by
        named.source,
        named.refund_id
)

select
    source,
    refund_id,
    refund_key,
    has_arrived
from final
