-- One row per row that arrived, could be read, and was not passed on: it breaks the contract (rejected), or its source drops it for a stated reason (dropped).
{{ config(materialized='table') }}
{%- set of_orders = ['orders', 'order_items', 'payments', 'shipments', 'reviews'] %}

with

order_rows as (
    {%- for entity in of_orders %}
    select
        {{- rejection_columns() | indent(4) }}
    from {{ ref('rejected_' ~ entity) }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)
{% for entity in contract() if entity not in of_orders and has_entity(entity) %},
rejected_{{ entity }} as (
    {{- rejected_rows_of(entity, parents=([ref('fct_refunds'), 'refund_id'] if entity == 'refund_items' else none)) | indent(4) }}
)
{% endfor %}

select
    {{- rejection_columns() }}
from order_rows
{% for entity in contract() if entity not in of_orders and has_entity(entity) %}
union all
select
    {{- rejection_columns() }}
from rejected_{{ entity }}
{%- endfor %}
