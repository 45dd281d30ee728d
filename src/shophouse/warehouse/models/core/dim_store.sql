-- One row per store. An order without a store, and a refund without an order, belong to a store that is named like its source.
with

stores as (
    {{ dimension(
        key='store_key',
        entity='stores',
        columns={
            'store_name': ['members.store_name', 'text'],
            'store_type': ['members.type', 'text'],
            'timezone': ['members.timezone', 'text'],
            'currency_code': ['members.currency_code', 'text'],
        },
        named_in=[('fct_orders', 'store_key', 'store_id')],
        labels=['store_name']
    ) | indent(4) }}
),

sources as (
    {%- for source in shop_sources() %}
    select
        '{{ source }}' as source,
        {{ surrogate_key(["'" ~ source ~ "'", "'" ~ source ~ "'"]) }} as store_key
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

final as (
    select
        stores.store_key as store_key,
        stores.source as source,
        stores.store_id as store_id,
        stores.store_name as store_name,
        stores.store_type as store_type,
        stores.timezone as timezone,
        stores.currency_code as currency_code,
        stores.is_inferred as is_inferred
    from stores
    union all
    select
        sources.store_key as store_key,
        sources.source as source,
        sources.source as store_id,
        sources.source as store_name,
        cast(null as {{ type_text() }}) as store_type,
        cast(null as {{ type_text() }}) as timezone,
        cast(null as {{ type_text() }}) as currency_code,
        true as is_inferred
    from sources
    left join stores
        on sources.store_key = stores.store_key
    where stores.store_key is null
)

select
    store_key,
    source,
    store_id,
    store_name,
    store_type,
    timezone,
    currency_code,
    is_inferred
from final
