{#
  The contract's rows of an entity, all sources together: what counts now and satisfies the contract.
  keys, by: see current().
#}
{% macro input(entity, keys=none, by=none) %}
select
    checked.source as source
    {%- for column in contract()[entity]["columns"] %},
    checked.{{ column }} as {{ column }}
    {%- endfor %}
from (
    {{- checked(entity, keys, by) | indent(4) }}
) as checked
where checked.rejection_reason is null
{% endmacro %}


{# The columns of checked(), in its order. #}
{% macro checked_columns(entity) %}
    checked.source as source,
    {%- for column in contract()[entity]["columns"] %}
    checked.{{ column }} as {{ column }},
    {%- endfor %}
    checked._load_id as _load_id,
    checked._row_number as _row_number,
    checked._source_file as _source_file,
    checked._raw_table as _raw_table,
    checked.is_dropped as is_dropped,
    checked.rejection_reason as rejection_reason
{%- endmacro %}


{# The entities of orders whose affected rows are kept in changes.checked_<entity>: their facts and what is rejected of them read the same rows. #}
{% macro keeps_checked() %}{{ return(["orders", "order_items", "payments", "shipments"]) }}{% endmacro %}


{# The rows that count now, each with the reason why it may not pass, or null. #}
{% macro checked(entity, keys=none, by=none) %}
    {%- set definition = contract()[entity] %}
select
    rows_now.source as source,
    {%- for column in definition["columns"] %}
    rows_now.{{ column }} as {{ column }},
    {%- endfor %}
    rows_now._load_id as _load_id,
    rows_now._row_number as _row_number,
    rows_now._source_file as _source_file,
    rows_now._raw_table as _raw_table,
    rows_now.drop_reason is not null as is_dropped,
    {{ rejection_reason(entity, "rows_now") }} as rejection_reason
from (
    {{- current(entity, keys, by) | indent(4) }}
) as rows_now
    {{- joined_to_accepted(entity, "rows_now") }}
{% endmacro %}


{# Why a row of an entity, with what joined_to_accepted() joins to it, may not pass, or null. #}
{% macro rejection_reason(entity, relation) -%}
    {%- set definition = contract()[entity] -%}
    case
        when {{ relation }}.drop_reason is not null then {{ relation }}.drop_reason
        {%- for column in definition["required"] %}
        when {{ relation }}.{{ column }} is null then '{{ column }} is missing'
        {%- endfor %}
        {%- for column in definition.get("accepted", {}) %}
        when {{ relation }}.{{ column }} is not null and accepted_{{ column }}.{{ column }} is null then 'unknown {{ column }}: ' || {{ relation }}.{{ column }}
        {%- endfor %}
        {%- for column in definition.get("currencies", []) %}
        when {{ relation }}.{{ column }} is not null and known_{{ column }}.code is null then '{{ column }} is not a currency of ISO 4217: ' || {{ relation }}.{{ column }}
        {%- endfor %}
    end
{%- endmacro %}


{# Joins the values that an entity's columns may have. #}
{% macro joined_to_accepted(entity, relation) %}
    {%- set definition = contract()[entity] -%}
    {%- for column, seed in definition.get("accepted", {}).items() %}
left join {{ ref(seed) }} as accepted_{{ column }}
    on {{ relation }}.{{ column }} = accepted_{{ column }}.{{ column }}
    {%- endfor %}
    {%- for column in definition.get("currencies", []) %}
left join {{ ref("currencies") }} as known_{{ column }}
    on {{ relation }}.{{ column }} = known_{{ column }}.code
    {%- endfor %}
{% endmacro %}


{# An entity's amounts as one expression over its columns, for what was rejected; null where the entity has none. #}
{% macro amount_of(entity, relation) -%}
    {%- set amounts = {
        "orders": "coalesce(" ~ relation ~ ".total_amount, 0)",
        "order_items": relation ~ ".quantity * " ~ relation ~ ".unit_price",
        "payments": relation ~ ".amount",
        "refunds": relation ~ ".amount",
        "refund_items": relation ~ ".amount",
        "shipments": relation ~ ".cost_amount",
        "ad_spend": relation ~ ".spend_amount",
        "campaigns": relation ~ ".budget_amount",
        "subscriptions": relation ~ ".price"
    } -%}
    {{ amounts.get(entity, "null") }}
{%- endmacro %}
