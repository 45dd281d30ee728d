{#
  The rows of an entity that count now: what the deliveries (append, upsert, snapshot) leave of all versions in staging.

  keys  a relation with `source` and `by` columns: only these are looked at, and they are filtered before the newest
        version is picked, so that the cost follows the keys. Where `by` is no part of the entity's key (a payment's order),
        every version of the keys found is looked at, so that a payment that moved to another order leaves the first.

  The newest version is the one with the highest declared version column, else of the last load, else the last row. A key
  that occurs once needs no picking, so the whole table is picked only among the keys that repeat.
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
    {%- set key = ["source"] + contract()[entity]["key"] -%}
    {%- set delivery = binding["delivery"] -%}
    {%- set parent = binding.get("parent") -%}
    {%- set may_repeat = delivery != "append" or binding.get("covers") == "none" -%}
    {%- set files_replace = delivery in ["append", "snapshot"] -%}
    {%- if keys is not none %}
        {%- set direct = by in key -%}
select
{{ picked_columns(entity, "ranked") }}
from (
    select
{{ picked_columns(entity, "versions") }},
        {%- if parent and delivery == "upsert" %}
        max(versions._load_id) over (partition by {{ prefixed("versions", ["source"] + parent) }}) as newest_load_id,
        {%- endif %}
        row_number() over (
            partition by {{ prefixed("versions", key) }}
            order by {{ newest_first("versions", binding) }}
        ) as version_rank
    from ({{ staged(entity, binding, keys=keys, by=by, key=(none if direct else key)) | indent(4) }}) as versions
    {%- if files_replace %}
    where {{ not_superseded("versions", binding) }}
    {%- endif %}
) as ranked
where
    {%- if may_repeat %} ranked.version_rank = 1{% else %} 1 = 1{% endif %}
    {%- if parent and delivery == "upsert" %}
    and ranked._load_id = ranked.newest_load_id
    {%- endif %}
    and ranked._operation <> 'delete'
    {%- if not direct %}
    and exists (
        select 1
        from {{ keys }} as wanted
        where wanted.source = ranked.source and wanted.{{ by }} = ranked.{{ by }}
    )
    {%- endif %}
    {%- elif not may_repeat %}
select
{{ picked_columns(entity, "versions") }}
from ({{ staged(entity, binding) | indent(4) }}) as versions
where {{ not_superseded("versions", binding) }}
    and versions._operation <> 'delete'
    {%- else %}
        {%- set scope = not_superseded("versions", binding) if files_replace else "1 = 1" %}
select
{{ picked_columns(entity, "versions") }}
from ({{ staged(entity, binding) | indent(4) }}) as versions
left join (
    {{- repeated_keys(entity, binding, key, scope) | indent(4) }}
) as repeated
    on {% for column in key %}versions.{{ column }} = repeated.{{ column }}{% if not loop.last %} and {% endif %}{% endfor %}
        {%- if parent and delivery == "upsert" %}
left join (
    {{- parents_sent_again(entity, binding, parent) | indent(4) }}
) as sent_again
    on {% for column in ["source"] + parent %}versions.{{ column }} = sent_again.{{ column }}{% if not loop.last %} and {% endif %}{% endfor %}
        {%- endif %}
where {{ scope }}
    and repeated.source is null
        {%- if parent and delivery == "upsert" %}
    and (sent_again.source is null or versions._load_id = sent_again.newest_load_id)
        {%- endif %}
    and versions._operation <> 'delete'
union all
select
{{ picked_columns(entity, "ranked") }}
from (
    select
{{ picked_columns(entity, "versions") }},
        {%- if parent and delivery == "upsert" %}
        sent_again.newest_load_id as newest_load_id,
        {%- endif %}
        row_number() over (
            partition by {{ prefixed("versions", key) }}
            order by {{ newest_first("versions", binding) }}
        ) as version_rank
    from ({{ staged(entity, binding) | indent(4) }}) as versions
    inner join (
        {{- repeated_keys(entity, binding, key, scope) | indent(8) }}
    ) as repeated
        on {% for column in key %}versions.{{ column }} = repeated.{{ column }}{% if not loop.last %} and {% endif %}{% endfor %}
        {%- if parent and delivery == "upsert" %}
    left join (
        {{- parents_sent_again(entity, binding, parent) | indent(8) }}
    ) as sent_again
        on {% for column in ["source"] + parent %}versions.{{ column }} = sent_again.{{ column }}{% if not loop.last %} and {% endif %}{% endfor %}
        {%- endif %}
    where {{ scope }}
) as ranked
where ranked.version_rank = 1
        {%- if parent and delivery == "upsert" %}
    and (ranked.newest_load_id is null or ranked._load_id = ranked.newest_load_id)
        {%- endif %}
    and ranked._operation <> 'delete'
    {%- endif %}
{% endmacro %}


{# The staging rows of one binding with every contract column: absent optional ones are typed nulls. #}
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
where exists (
    select 1
    from {{ keys }} as wanted
    where wanted.source = staged.source and wanted.{{ by }} = staged.{{ by }}
)
    {%- elif keys is not none %}
where exists (
    select 1
    from {{ ref(binding["model"]) }} as found
    inner join {{ keys }} as wanted
        on found.source = wanted.source and found.{{ by }} = wanted.{{ by }}
    where {% for column in key %}found.{{ column }} = staged.{{ column }}{% if not loop.last %} and {% endif %}{% endfor %}
)
    {%- endif %}
{% endmacro %}


{% macro repeated_keys(entity, binding, key, scope) %}
select
    {%- for column in key %}
    versions.{{ column }} as {{ column }}{% if not loop.last %},{% endif %}
    {%- endfor %}
from {{ ref(binding["model"]) }} as versions
where {{ scope }}
group by
    {%- for column in key %}
    versions.{{ column }}{% if not loop.last %},{% endif %}
    {%- endfor %}
having count(*) > 1
{% endmacro %}


{% macro parents_sent_again(entity, binding, parent) %}
select
    versions.source as source,
    {%- for column in parent %}
    versions.{{ column }} as {{ column }},
    {%- endfor %}
    max(versions._load_id) as newest_load_id
from {{ ref(binding["model"]) }} as versions
group by
    versions.source
    {%- for column in parent %},
    versions.{{ column }}
    {%- endfor %}
having min(versions._load_id) <> max(versions._load_id)
{% endmacro %}


{# A row's file was not replaced by a newer load of the same path. #}
{% macro not_superseded(versions, binding) %}not exists (
        select 1
        from {{ source("ops", "superseded_files") }} as superseded
        where superseded.table_name = '{{ binding["raw_table"] }}'
            and superseded.source = {{ versions }}.source
            and superseded.load_id = {{ versions }}._load_id
            and superseded.source_file = {{ versions }}._source_file
    )
{%- endmacro %}


{% macro newest_first(versions, binding) -%}
    {%- if binding.get("version") %}{{ versions }}.{{ binding["version"] }} desc nulls last, {% endif -%}
    {{ versions }}._load_id desc nulls last, {{ versions }}._row_number desc nulls last, {{ versions }}._source_file desc nulls last
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
