{# Rows of an entity that may not pass, with the reason: see checked(), or the relation `kept` that holds its rows. Orphans are those whose parent did not pass. #}
{% macro rejected_rows_of(entity, keys=none, by=none, parents=none, kept=none) %}
    {%- set definition = contract()[entity] -%}
    {%- set key = definition["key"] -%}
    {%- set covering = shophouse_bindings()["entities"].get(entity, []) | map(attribute="covers") | reject("equalto", "none") | list -%}
    {%- if not keys and not kept and covering and definition["columns"][key[0]] == "text" -%}
        {%- set keys = "(" ~ suspects(entity, parents) ~ ")" -%}
        {%- set by = key[0] -%}
    {%- endif %}
select
    '{{ entity }}' as entity,
    checked.source as source,
    {% if "order_id" in definition["columns"] %}{{ surrogate_key(["checked.source", "checked.order_id"]) }}{% else %}{{ unknown_key() }}{% endif %} as order_key,
    {% for column in key %}coalesce(cast(checked.{{ column }} as {{ type_text() }}), ''){% if not loop.last %} || '|' || {% endif %}{% endfor %} as row_id,
    checked._raw_table as table_name,
    checked._load_id as load_id,
    checked._source_file as source_file,
    checked._row_number as row_number,
    case when checked.is_dropped then 'dropped' else 'rejected' end as rejection_kind,
    coalesce(checked.rejection_reason, 'no such {{ definition.get("belongs_to", "row") }}') as reason,
    cast({{ amount_of(entity, "checked") }} as {{ type_money() }}) as amount
from {% if kept %}{{ kept }}{% else %}(
    {{- checked(entity, keys, by) | indent(4) }}
){% endif %} as checked
    {%- if parents %}
left join {{ parents[0] }} as parents
    on checked.source = parents.source
    and checked.{{ parents[1] }} = parents.{{ parents[1] }}
where checked.rejection_reason is not null
    or parents.source is null
    {%- else %}
where checked.rejection_reason is not null
    {%- endif %}
{% endmacro %}


{#
  The keys of an entity, by the first column of it, of which some version may not pass. A row that counts now and may not is a version of one of
  them; as a rule there are none, and then no newest version is picked.
#}
{% macro suspects(entity, parents) %}
    {%- set by = contract()[entity]["key"][0] -%}
    {%- for binding in shophouse_bindings()["entities"][entity] %}
    select distinct
        versions.source as source,
        coalesce(versions.{{ by }}, '') as {{ by }}
    from ({{ staged(entity, binding) | indent(4) }}) as versions
    {{- joined_to_accepted(entity, "versions") | indent(4) }}
    {%- if parents %}
    left join {{ parents[0] }} as known_parents
        on versions.source = known_parents.source
        and versions.{{ parents[1] }} = known_parents.{{ parents[1] }}
    {%- endif %}
    where {{ rejection_reason(entity, "versions") }} is not null
    {%- if parents %}
        or known_parents.source is null
    {%- endif %}
        {%- if not loop.last %}
    union
        {%- endif %}
    {%- endfor %}
{% endmacro %}


{% macro rejection_columns() %}
    entity,
    source,
    order_key,
    row_id,
    table_name,
    load_id,
    source_file,
    row_number,
    rejection_kind,
    reason,
    amount
{%- endmacro %}


{#
  rejected_rows_of() for an entity of orders, by affected orders in an incremental run. One model an entity: each looks all orders
  up, and five at once would take the memory of five.
#}
{% macro rejected_of_orders(entity) %}
    {%- set parents = [ref("order_headers"), "order_id"] if entity != "orders" else none -%}
    {%- set affected = ref("affected_orders") -%}
    {%- set kept = ref("checked_" ~ entity) if entity in keeps_checked() else none -%}
    {%- if is_incremental() and kept -%}
        {{ rejected_rows_of(entity, parents=parents, kept=kept) }}
    {%- elif is_incremental() -%}
        {{ rejected_rows_of(entity, keys=affected, by="order_id", parents=parents) }}
    {%- else -%}
        {{ rejected_rows_of(entity, parents=parents) }}
    {%- endif -%}
{% endmacro %}
