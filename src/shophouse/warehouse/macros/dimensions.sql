{#
  A dimension over an entity: its members, the members that facts name but no source describes (is_inferred), and the unknown
  member (key 0), so that no key in a fact is null and every key finds its member.

  key         the name of the surrogate key
  entity      the contract's entity; its key is one column
  columns     {name: SQL over `members`}, each with a type of the contract, in the order of the table
  named_in    [(model, key column, id column)]: facts that name members
  labels      the names of the columns that hold the id (inferred) or 'unknown'
  unknowns    the names of the columns that hold 'unknown' where nothing is known
  affected    of an incremental dimension, the table of the changes layer with the keys, the unknown member's among them, that a run makes again
#}
{% macro dimension(key, entity, columns, named_in, labels, unknowns=[], affected=none) %}
    {%- set id = contract()[entity]["key"][0] %}
with

members as (
    select
        {{ surrogate_key(["source", id]) }} as {{ key }},
        source,
        {%- for column in contract()[entity]["columns"] %}
        {{ column }}{% if not loop.last %},{% endif %}
        {%- endfor %}
    from {% if affected %}{{ affected_input(entity, by=id, affected=affected) }} as input_{{ entity }}{% else %}{{ ref("input_" ~ entity) }}{% endif %}
),

-- Facts are looked up before they are grouped: nearly all find their member.
inferred as (
    {%- for model, key_column, id_column in named_in %}
    select
        facts.{{ key_column }} as {{ key }},
        min(facts.source) as source,
        min(facts.{{ id_column }}) as {{ id }}
    from {{ ref(model) }} as facts
    left join members
        on facts.{{ key_column }} = members.{{ key }}
    where facts.{{ key_column }} <> {{ unknown_key() }}
        and members.{{ key }} is null
        {%- if affected and is_incremental() %}
        and facts.{{ key_column }} in ({{ few_keys(key, ref(affected)) }})
        {%- endif %}
    group by facts.{{ key_column }}
        {%- if not loop.last %}
    union
        {%- endif %}
    {%- else %}
    select
        cast(null as bigint) as {{ key }},
        cast(null as {{ type_text() }}) as source,
        cast(null as {{ type_text() }}) as {{ id }}
    where 1 = 0
    {%- endfor %}
),

final as (
    select
        members.{{ key }} as {{ key }},
        members.source as source,
        members.{{ id }} as {{ id }},
        {%- for name, definition in columns.items() %}
        cast({{ definition[0] }} as {{ type_of(definition[1]) }}) as {{ name }},
        {%- endfor %}
        false as is_inferred
    from members
    union all
    select
        inferred.{{ key }} as {{ key }},
        inferred.source as source,
        inferred.{{ id }} as {{ id }},
        {%- for name, definition in columns.items() %}
        cast({% if name in labels %}inferred.{{ id }}{% elif name in unknowns %}'unknown'{% elif name.endswith('_key') %}{{ unknown_key() }}{% else %}null{% endif %} as {{ type_of(definition[1]) }}) as {{ name }},
        {%- endfor %}
        true as is_inferred
    from inferred
    union all
    select
        {{ unknown_key() }} as {{ key }},
        'unknown' as source,
        'unknown' as {{ id }},
        {%- for name, definition in columns.items() %}
        cast({% if name in labels + unknowns %}'unknown'{% elif name.endswith('_key') %}{{ unknown_key() }}{% else %}null{% endif %} as {{ type_of(definition[1]) }}) as {{ name }},
        {%- endfor %}
        true as is_inferred
)

select
    {{ key }},
    source,
    {{ id }},
    {%- for name in columns %}
    {{ name }},
    {%- endfor %}
    is_inferred
from final
{% endmacro %}
