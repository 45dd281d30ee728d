{#
  The rows of an entity that count now: what the deliveries (append, upsert, snapshot) leave of all versions in staging.

  keys  a relation with `source` and `by` columns: only these are looked at, and they are filtered before the newest
        version is picked, so that the cost follows the keys. Where `by` is no part of the entity's key (a payment's order),
        every version of the keys found is looked at, so that a payment that moved to another order leaves the first.

  The newest version is the one with the highest declared version column, else of the last load, in it of the last file by name, and in
  that the last row.
#}
{% macro current(entity, keys=none, by=none) %}
    {%- set definition = contract()[entity] -%}
    {%- set bindings = shophouse_bindings()["entities"].get(entity, []) -%}
    {%- for binding in bindings %}
select
    rows_now.source as source,
    {%- for column in definition["columns"] %}
    rows_now.{{ column }} as {{ column }},
    {%- endfor %}
    rows_now.drop_reason as drop_reason,
    rows_now._load_id as _load_id,
    rows_now._row_number as _row_number,
    rows_now._source_file as _source_file,
    '{{ binding["raw_table"] }}' as _raw_table
from (
    {{- current_of(entity, binding, keys, by) | indent(4) }}
) as rows_now
    {%- if not loop.last %}
union all
    {%- endif %}
    {%- else %}
select
    cast(null as {{ type_text() }}) as source,
    {%- for column, type in definition["columns"].items() %}
    cast(null as {{ type_of(type) }}) as {{ column }},
    {%- endfor %}
    cast(null as {{ type_text() }}) as drop_reason,
    cast(null as bigint) as _load_id,
    cast(null as bigint) as _row_number,
    cast(null as {{ type_text() }}) as _source_file,
    cast(null as {{ type_text() }}) as _raw_table
where 1 = 0
    {%- endfor %}
{% endmacro %}


{# One binding's rows that count now. #}
{% macro current_of(entity, binding, keys, by) %}
    {%- set may_repeat = binding["delivery"] != "append" or binding.get("covers") == "none" -%}
    {%- set direct = by in ["source"] + contract()[entity]["key"] -%}
    {%- if keys is not none %}
        {%- set found = staged(entity, binding, keys=keys, by=by, key=(none if direct else contract()[entity]["key"])) -%}
        {%- set wanted -%}
exists (
        select 1
        from {{ keys }} as wanted
        where wanted.source = ranked.source
            and wanted.{{ by }} = coalesce(ranked.{{ by }}, '')
    )
        {%- endset -%}
        {{ newest_of(entity, binding, found, may_repeat, condition=(none if direct else wanted)) }}
    {%- elif not may_repeat %}
select
{{ picked_columns(entity, "versions") }}
from ({{ staged(entity, binding) | indent(4) }}) as versions
{{ superseding("versions", binding) }}
where {{ not_superseded(binding) }}
    and versions._operation <> 'delete'
    {%- elif binding.get("covers") != "none" and (entity in keeps_repeated() or entity in counts_repeated()) %}
        {%- set names = ["source"] + repeated_key(entity) -%}
        {%- set repeated -%}
(
            {%- if entity in keeps_repeated() %}
    select distinct
                {%- for column in names %}
        {{ column }}{% if not loop.last %},{% endif %}
                {%- endfor %}
    from {{ ref("repeated_" ~ entity) }}
            {%- else %}
                {{- repeated_of(entity, binding) | indent(4) }}
            {%- endif %}
) as repeated
    on {% for column in names %}versions.{{ column }} = repeated.{{ column }}{% if not loop.last %} and {% endif %}{% endfor %}
        {%- endset %}
select
{{ picked_columns(entity, "versions") }}
from ({{ staged(entity, binding) | indent(4) }}) as versions
left join {{ repeated }}
{{ superseding("versions", binding) }}
where repeated.source is null
    and {{ not_superseded(binding) }}
    and versions._operation <> 'delete'
union all
        {%- set again %}
    select
{{ picked_columns(entity, "versions") }}
    from ({{ staged(entity, binding) | indent(8) }}) as versions
    inner join {{ repeated }}
        {%- endset %}
        {{- newest_of(entity, binding, again, true) }}
    {%- else -%}
        {{ newest_of(entity, binding, staged(entity, binding), true) }}
    {%- endif %}
{% endmacro %}


{# The newest version of each key among the rows found; under a parent, only of the parent's newest load. #}
{% macro newest_of(entity, binding, found, may_repeat, condition=none) %}
    {%- set parent = binding.get("parent") if binding["delivery"] == "upsert" else none %}
select
{{ picked_columns(entity, "ranked") }}
from (
    select
{{ picked_columns(entity, "versions") }},
        {%- if parent %}
        max(versions._load_id) over (partition by {{ prefixed("versions", ["source"] + parent) }}) as newest_load_id,
        {%- endif %}
        row_number() over (
            partition by {{ prefixed("versions", ["source"] + contract()[entity]["key"]) }}
            order by {{ newest_first("versions", binding) }}
        ) as version_rank
    from ({{ found | indent(4) }}) as versions
    {{ superseding("versions", binding) }}
    where {{ not_superseded(binding) }}
) as ranked
where ranked._operation <> 'delete'
    {%- if may_repeat %}
    and (ranked.version_rank = 1{% for column in contract()[entity]["key"] %} or ranked.{{ column }} is null{% endfor %})
    {%- endif %}
    {%- if parent %}
    and (ranked._load_id = ranked.newest_load_id{% for column in parent %} or ranked.{{ column }} is null{% endfor %})
    {%- endif %}
    {%- if condition %}
    and {{ condition }}
    {%- endif %}
{% endmacro %}


{#
  The staging rows of one binding with every contract column: absent optional ones are typed nulls. With keys, those of the keys;
  a join, for a correlated exists whose condition is an expression is worked out for every row.
#}
{% macro staged(entity, binding, keys=none, by=none, key=none) %}
    {%- set definition = contract()[entity] %}
select
    staged.source as source,
    {%- for column, type in definition["columns"].items() %}
    {% if column in binding["columns"] %}staged.{{ column }}{% else %}cast(null as {{ type_of(type) }}){% endif %} as {{ column }},
    {%- endfor %}
    {% if "drop_reason" in binding["columns"] %}staged.drop_reason{% else %}cast(null as {{ type_text() }}){% endif %} as drop_reason,
    staged._load_id as _load_id,
    staged._row_number as _row_number,
    staged._source_file as _source_file,
    staged._operation as _operation
from {{ ref(binding["model"]) }} as staged
    {%- if keys is not none and key is none %}
inner join {{ own_keys(binding, keys, by) }} as wanted
    on staged.source = wanted.source
    and coalesce(staged.{{ by }}, '') = wanted.{{ by }}
    {%- elif keys is not none %}
inner join (
    select distinct
        found.source as source
        {%- for column in key %},
        coalesce(cast(found.{{ column }} as {{ type_text() }}), '') as {{ column }}
        {%- endfor %}
    from {{ ref(binding["model"]) }} as found
    inner join {{ own_keys(binding, keys, by) }} as wanted
        on found.source = wanted.source
        and coalesce(found.{{ by }}, '') = wanted.{{ by }}
) as named
    on staged.source = named.source
    {%- for column in key %}
    and coalesce(cast(staged.{{ column }} as {{ type_text() }}), '') = named.{{ column }}
    {%- endfor %}
    {%- endif %}
{% endmacro %}


{# The keys of a binding's own sources: where there are none of them, nothing of it need be read. #}
{% macro own_keys(binding, keys, by) %}
    {%- set platforms = shophouse_bindings()["platforms"] -%}
    {%- if platforms | length == 1 -%}
{{ keys }}
    {%- else -%}
(
    select
        source,
        {{ by }}
    from {{ keys }}
    where source in ('{{ platforms[binding["platform"]]["sources"] | join("', '") }}')
)
    {%- endif -%}
{% endmacro %}


{#
  The large entities, for which the keys that may repeat are kept in changes.repeated_<entity>: everything else passes without
  being sorted, and the optimiser knows that the table is small. Lines are kept by order, for an order's lines are replaced
  together.
#}
{% macro keeps_repeated() %}{{ return(["customers", "orders", "order_items", "payments", "shipments"]) }}{% endmacro %}


{# Other large entities that come again as a rule: the keys that repeat are counted when they are read, for to sort all rows costs twice as much. #}
{% macro counts_repeated() %}{{ return(["inventory_snapshots"]) }}{% endmacro %}


{% macro repeated_key(entity) %}{{ return(["order_id"] if entity == "order_items" else contract()[entity]["key"]) }}{% endmacro %}


{#
  The keys of an entity that may occur more than once. Exact in a full run; in an incremental one every key that arrived is
  added, which costs nothing to find out and is harmless: a key that is listed is picked among its versions.
#}
{% macro repeated(entity) %}
    {%- set bindings = shophouse_bindings()["entities"].get(entity, []) | rejectattr("delivery", "equalto", "append") | list -%}
    {%- set key = repeated_key(entity) -%}
    {%- if not execute %}
        {%- do source("ops", "arrived_files") -%}
        {%- for binding in shophouse_bindings()["entities"].get(entity, []) %}{% do ref(binding["model"]) %}{% endfor -%}
    {%- endif -%}
    {%- if is_incremental() %}
        {{- arrived(entity, key) }}
    {%- else %}
        {%- for binding in bindings %}
            {{- repeated_of(entity, binding) }}
            {%- if not loop.last %}
union all
            {%- endif %}
        {%- else %}
select
    cast(null as {{ type_text() }}) as source
            {%- for column in key %},
    cast(null as {{ type_of(contract()[entity]["columns"][column]) }}) as {{ column }}
            {%- endfor %}
where 1 = 0
        {%- endfor %}
    {%- endif %}
{% endmacro %}


{# The keys of which one binding has more than one row, whatever its delivery leaves of them. #}
{% macro repeated_of(entity, binding) %}
    {%- set key = repeated_key(entity) %}
select
    versions.source as source
    {%- for column in key %},
    versions.{{ column }} as {{ column }}
    {%- endfor %}
from {{ ref(binding["model"]) }} as versions
group by
    versions.source
    {%- for column in key %},
    versions.{{ column }}
    {%- endfor %}
    {%- if entity == "order_items" %}
having min(versions._load_id) <> max(versions._load_id)
    or {{ may_repeat("versions.line_number") }}
    {%- else %}
having count(*) > 1
    {%- endif %}
{% endmacro %}


{# Whether a newer load of the same path replaces what a file brought before. #}
{% macro replaced_by_path(binding) %}{{ return(binding["delivery"] in ["append", "snapshot"]) }}{% endmacro %}


{#
  Joins, as superseded, the files that a newer load of the same path has replaced: see not_superseded(). A join, for DuckDB makes a
  correlated not exists over all columns of a large table keep them all.
#}
{% macro superseding(versions, binding) -%}
    {%- if replaced_by_path(binding) -%}
left join {{ source("ops", "superseded_files") }} as superseded
    on superseded.table_name = '{{ binding["raw_table"] }}'
    and {{ versions }}.source = superseded.source
    and {{ versions }}._load_id = superseded.load_id
    and {{ versions }}._source_file = superseded.source_file
    {%- endif -%}
{%- endmacro %}


{# What is true of a row, joined by superseding(), whose file was not replaced. #}
{% macro not_superseded(binding) -%}
    {{ "superseded.source is null" if replaced_by_path(binding) else "1 = 1" }}
{%- endmacro %}


{% macro newest_first(versions, binding) -%}
    {%- if binding.get("version") %}{{ versions }}.{{ binding["version"] }} desc nulls last, {% endif -%}
    {{ versions }}._load_id desc nulls last, {{ versions }}._source_file desc nulls last, {{ versions }}._row_number desc nulls last
{%- endmacro %}


{% macro picked_columns(entity, relation) %}
    {{ relation }}.source as source,
    {%- for column in contract()[entity]["columns"] %}
    {{ relation }}.{{ column }} as {{ column }},
    {%- endfor %}
    {{ relation }}.drop_reason as drop_reason,
    {{ relation }}._load_id as _load_id,
    {{ relation }}._row_number as _row_number,
    {{ relation }}._source_file as _source_file,
    {{ relation }}._operation as _operation
{%- endmacro %}


{% macro prefixed(relation, columns) -%}
    {%- for column in columns %}{{ relation }}.{{ column }}{% if not loop.last %}, {% endif %}{% endfor -%}
{%- endmacro %}
