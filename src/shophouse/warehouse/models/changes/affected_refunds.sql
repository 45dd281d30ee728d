-- One row per refund that this run must calculate again: of which something has arrived, of an affected order, of a product of which something has arrived,
-- and of no known order, for what they are worth follows the exchange rates. Empty in a full run.
{{ config(tags=['changes']) }}
{%- set before = as_built('core', 'fct_refunds') %}

with

affected_orders as (
    select
        source,
        order_id
    from {{ ref('affected_orders') }}
),

refund_versions as (
    {{ all_versions('refunds', ['refund_id', 'order_id']) }}
),

changed_products as (
    {{ arrived('products', ['product_id']) }}
),

refund_item_versions as (
    {{ all_versions('refund_items', ['refund_id', 'product_id']) }}
),

named as (
    {{ arrived('refunds', ['refund_id']) }}
    union
    {{ arrived('refund_items', ['refund_id']) }}
    union
    select
        refund_versions.source as source,
        refund_versions.refund_id as refund_id
    from refund_versions
    inner join affected_orders
        on refund_versions.source = affected_orders.source
        and refund_versions.order_id = affected_orders.order_id
    union
    select
        refund_item_versions.source as source,
        refund_item_versions.refund_id as refund_id
    from refund_item_versions
    inner join changed_products
        on refund_item_versions.source = changed_products.source
        and refund_item_versions.product_id = changed_products.product_id
    {%- if before %}
    union
    select
        refunds_before.source as source,
        refunds_before.refund_id as refund_id
    from {{ before }} as refunds_before
    where not refunds_before.has_order
    {%- endif %}
),

final as (
    select
        named.source as source,
        named.refund_id as refund_id,
        {{ surrogate_key(['named.source', 'named.refund_id']) }} as refund_key
    from named
    where named.refund_id is not null
        and {{ passes_changes_on() }}
)

select
    source,
    refund_id,
    refund_key
from final
