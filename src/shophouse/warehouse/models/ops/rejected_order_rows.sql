-- One row per row of an order (its header, lines, payments, parcels and reviews) that breaks the contract or that its source drops for a stated reason.
{{ config(
    materialized='incremental',
    incremental_strategy='affected',
    unique_key='order_key',
    meta={'affected': 'affected_orders'}
) }}
{%- set entities = ['orders', 'order_items', 'payments', 'shipments', 'reviews'] %}
{%- set keys = ref('affected_orders') if is_incremental() else none %}
{%- set by = 'order_id' if is_incremental() else none %}
{%- set headers = [ref('order_headers'), 'order_id'] %}
{%- if not execute %}{% do ref('affected_orders') %}{% endif %}

with
{% for entity in entities %}
rejected_{{ entity }} as (
    {{- rejected_rows_of(entity, keys=keys, by=by, parents=(headers if entity != 'orders' else none)) | indent(4) }}
){% if not loop.last %},{% endif %}
{% endfor %}
{% for entity in entities %}
select
    {{- rejection_columns() }}
from rejected_{{ entity }}
where row_id is not null
{% if not loop.last %}union all{% endif %}
{%- endfor %}
