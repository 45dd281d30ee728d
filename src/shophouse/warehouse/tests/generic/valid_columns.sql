{#
  What holds for a model's columns, in one query for the whole model; each row is a broken rule with how many rows break it.
  Of a model that an incremental run changes by affected keys, the compiled query of such a run looks at the rows of these keys, for
  no others were written. What all rows refer to may be gone: of a model that is changed so, too, only affected keys can be; any other is looked
  up for all rows.

  unique      columns that together name a row: no two rows are alike, none is null
  not_null    columns that always have a value
  accepted    {column: [values]}; null passes
  references  {column: [model, column]}: each value that is not null exists there
#}
{% test valid_columns(model, unique=[], not_null=[], accepted={}, references={}) %}
    {%- set is_of_written = shophouse.written_of(model) is not none %}
    {%- set looked_at = "written" if is_of_written else model %}
with
{% if is_of_written %}
-- Apart, for an engine then reads the model once.
written as (
    select {{ (unique + not_null + accepted | list + references | list) | unique | join(", ") or "1 as row_count" }}
    from {{ model }}
    where {{ shophouse.was_written(model) }}
),
{% endif %}
{%- if unique %}
repeated as (
    select count(*) as row_count
    from (
        select {{ unique | join(", ") }}
        from {{ looked_at }}
        group by {{ unique | join(", ") }}
        having count(*) > 1
    ) as repeated_keys
),
{% endif %}
counted as (
    select
        {%- for column in (unique + not_null) | unique %}
        count(*) - count(checked.{{ column }}) as null_{{ column }},
        {%- endfor %}
        {%- for column, values in accepted.items() %}
        count(
            case when checked.{{ column }} not in ({% for value in values %}'{{ value }}'{% if not loop.last %}, {% endif %}{% endfor %}) then 1 end
        ) as other_{{ column }},
        {%- endfor %}
        count(*) as row_count
    from {{ looked_at }} as checked
)

{% if unique -%}
select
    '{{ unique | join(", ") }}' as column_name,
    'not unique' as problem,
    repeated.row_count as row_count
from repeated
where repeated.row_count > 0
union all
{% endif -%}
{% for column in (unique + not_null) | unique -%}
select
    '{{ column }}' as column_name,
    'null' as problem,
    counted.null_{{ column }} as row_count
from counted
where counted.null_{{ column }} > 0
union all
{% endfor -%}
{% for column in accepted -%}
select
    '{{ column }}' as column_name,
    'not an accepted value' as problem,
    counted.other_{{ column }} as row_count
from counted
where counted.other_{{ column }} > 0
union all
{% endfor -%}
{% for column, target in references.items() -%}
    {%- set relation = ref(target[0]) -%}
    {%- set changed = shophouse.written_of(relation) -%}
    {%- set is_followed = is_of_written and changed is not none and changed["key"] == target[1] -%}
select
    '{{ column }}' as column_name,
    'not in {{ target[0] }}' as problem,
    cast(count(*) as bigint) as row_count
from (
    select {% if unique != [column] %}distinct {% endif %}{{ column }} as value_here
    from {{ looked_at if is_followed else model }}
    where {{ column }} is not null
) as values_here
left join {{ relation }} as target_{{ loop.index }}
    on values_here.value_here = target_{{ loop.index }}.{{ target[1] }}
where target_{{ loop.index }}.{{ target[1] }} is null
having count(*) > 0
union all
    {% if is_followed -%}
select
    '{{ column }}' as column_name,
    'no longer in {{ target[0] }}' as problem,
    cast(count(*) as bigint) as row_count
from {{ model }}
where {{ column }} in (
        select affected.{{ target[1] }}
        from {{ changed["affected"] }} as affected
        left join {{ relation }} as gone_{{ loop.index }}
            on affected.{{ target[1] }} = gone_{{ loop.index }}.{{ target[1] }}
        where gone_{{ loop.index }}.{{ target[1] }} is null
    )
having count(*) > 0
union all
    {% endif -%}
{% endfor -%}
select
    'row' as column_name,
    'never' as problem,
    counted.row_count as row_count
from counted
where counted.row_count < 0
{% endtest %}
