{# Parts of the generic test raw_is_accounted_for. #}

{# One binding's staging rows: what names and orders them, their amount, and whether a newer load of their file replaced them. #}
{% macro accounted_rows(entity, binding, superseded_files) %}
    {%- set amount = amount_of(entity, "staged") %}
select
    {%- for column in accounted_columns(entity, binding) %}
    staged.{{ column }} as {{ column }},
    {%- endfor %}
    {% if amount == "null" %}cast(0 as {{ type_money() }}){% else %}coalesce(cast({{ amount }} as {{ type_money() }}), 0){% endif %} as amount,
    {% if binding["delivery"] == "upsert" %}false{% else %}superseded.source is not null{% endif %} as is_superseded
from ({{ staged(entity, binding) | indent(4) }}) as staged
    {%- if binding["delivery"] != "upsert" %}
left join {{ superseded_files }} as superseded
    on superseded.table_name = '{{ binding["raw_table"] }}'
    and staged.source = superseded.source
    and staged._load_id = superseded.load_id
    and staged._source_file = superseded.source_file
    {%- endif %}
{% endmacro %}


{% macro accounted_columns(entity, binding) %}
    {%- set columns = ["source"] + contract()[entity]["key"] + (binding.get("parent") or []) -%}
    {%- if binding.get("version") -%}{%- do columns.append(binding["version"]) -%}{%- endif -%}
    {{- return((columns + ["_load_id", "_row_number", "_source_file", "_operation"]) | unique | list) -}}
{% endmacro %}


{#
  The rows of one binding that a newer row, or a newer load of their parent, took the place of, and deletes, as relations that
  end in replaced_<n>. Appended rows stand for themselves.
#}
{% macro replaced_rows(entity, binding, number) %}
    {%- set key = ["source"] + contract()[entity]["key"] -%}
    {%- set parent = binding.get("parent") if binding["delivery"] == "upsert" else none -%}
    {%- set version = binding.get("version") %}
live_{{ number }} as (
    select
        {%- for column in accounted_columns(entity, binding) %}
        staged_{{ number }}.{{ column }} as {{ column }},
        {%- endfor %}
        staged_{{ number }}.amount as amount
    from staged_{{ number }}
    inner join differing
        on staged_{{ number }}.source = differing.source
    where not staged_{{ number }}.is_superseded
),

several_{{ number }} as (
    select
        {{ key | join(",\n        ") }}
    from live_{{ number }}
    {%- if binding["delivery"] == "append" %}
    where 1 = 0
    {%- endif %}
    group by
        {{ key | join(",\n        ") }}
    having count(*) > 1
),

versions_{{ number }} as (
    select
        {%- for column in accounted_columns(entity, binding) %}
        live_{{ number }}.{{ column }} as {{ column }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from live_{{ number }}
    inner join several_{{ number }}
        on {% for column in key %}live_{{ number }}.{{ column }} = several_{{ number }}.{{ column }}{% if not loop.last %} and {% endif %}{% endfor %}
),

older_{{ number }} as (
    select distinct
        older._load_id as _load_id,
        older._source_file as _source_file,
        older._row_number as _row_number,
        older.source as source
    from versions_{{ number }} as older
    inner join versions_{{ number }} as newer
        on {% for column in key %}older.{{ column }} = newer.{{ column }}{% if not loop.last %} and {% endif %}{% endfor %}
    where
        {%- set by_load = "(newer._load_id > older._load_id or (newer._load_id = older._load_id and (newer._row_number > older._row_number or (newer._row_number = older._row_number and newer._source_file > older._source_file))))" %}
        {%- if version %}
        newer.{{ version }} > older.{{ version }}
        or (newer.{{ version }} is not null and older.{{ version }} is null)
        or (
            (newer.{{ version }} = older.{{ version }} or (newer.{{ version }} is null and older.{{ version }} is null))
            and {{ by_load }}
        )
        {%- else %}
        {{ by_load }}
        {%- endif %}
),
{% if parent %}
sent_again_{{ number }} as (
    select
        {{ (["source"] + parent) | join(",\n        ") }},
        max(_load_id) as newest_load_id
    from live_{{ number }}
    group by
        {{ (["source"] + parent) | join(",\n        ") }}
    having count(distinct _load_id) > 1
),
{% endif %}
replaced_{{ number }} as (
    select
        live_{{ number }}.source as source,
        live_{{ number }}.amount as amount
    from live_{{ number }}
    left join older_{{ number }} as older
        on live_{{ number }}.source = older.source
        and live_{{ number }}._load_id = older._load_id
        and live_{{ number }}._source_file = older._source_file
        and live_{{ number }}._row_number = older._row_number
    {%- if parent %}
    left join sent_again_{{ number }} as sent_again
        on {% for column in ["source"] + parent %}live_{{ number }}.{{ column }} = sent_again.{{ column }}{% if not loop.last %} and {% endif %}{% endfor %}
    {%- endif %}
    where older.source is not null
        {%- if parent %}
        or live_{{ number }}._load_id < sent_again.newest_load_id
        {%- endif %}
        or live_{{ number }}._operation = 'delete'
)
{%- endmacro %}


{# Bindings of other entities that hold the rest of the same raw tables' rows. #}
{% macro other_parts(entity, covering) %}
    {%- set tables = covering | selectattr("covers", "eq", "part") | map(attribute="raw_table") | list -%}
    {%- set found = [] -%}
    {%- for other, bound in shophouse_bindings()["entities"].items() if other != entity -%}
        {%- for binding in bound if binding["covers"] == "part" and binding["raw_table"] in tables -%}
            {%- do found.append(binding) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}
