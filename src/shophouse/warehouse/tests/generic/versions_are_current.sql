{#
  Conservation law 10: a dimension says of each member what the current one of its versions says, and names it. A member that its
  source describes no longer (is_inferred) says nothing. Each row is a member that differs.

  of           the dimension, one row per member
  key          the durable key
  version_key  names the version, on both sides
  columns      what is compared
  versions     beside the dimension, what the versions are read from. Where an incremental run changes both by affected keys, it looks at the
               members of whom it wrote a row
#}
{% test versions_are_current(model, of, key, version_key, columns, versions=none) %}
    {%- set written = shophouse.written_keys([of, versions], key) if versions else none %}
    {%- set is_looked_at = "1 = 1" if written is none else key ~ " in (" ~ written ~ ")" %}
with

members as (
    select
        {{ key }},
        {{ version_key }},
        {{ columns | join(",\n        ") }},
        is_inferred,
        is_deleted
    from {{ of }}
    where {{ is_looked_at }}
),

versions as (
    select
        {{ key }},
        {{ version_key }},
        {{ columns | join(",\n        ") }},
        is_deleted
    from {{ model }}
    where is_current
        and {{ is_looked_at }}
)

select
    members.{{ key }} as {{ key }},
    members.{{ version_key }} as {{ version_key }},
    versions.{{ version_key }} as {{ version_key }}_expected
    {%- for column in columns %},
    members.{{ column }} as {{ column }},
    versions.{{ column }} as {{ column }}_expected
    {%- endfor %}
from members
left join versions
    on members.{{ key }} = versions.{{ key }}
where versions.{{ key }} is null
    or members.{{ version_key }} <> versions.{{ version_key }}
    {%- for column in columns %}
    or (not members.is_inferred and members.{{ column }} is distinct from versions.{{ column }})
    {%- endfor %}
    or (not members.is_inferred and coalesce(members.is_deleted, false) <> versions.is_deleted)
{% endtest %}
