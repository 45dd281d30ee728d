{#
  Conservation law 10: a dimension says of each member what the current one of its versions says, and names it. A member that its
  source describes no longer (is_inferred) says nothing. Each row is a member that differs.

  of           the dimension, one row per member
  key          the durable key
  version_key  names the version, on both sides
  columns      what is compared
#}
{% test versions_are_current(model, of, key, version_key, columns) %}
select
    members.{{ key }} as {{ key }},
    members.{{ version_key }} as {{ version_key }},
    versions.{{ version_key }} as {{ version_key }}_expected
    {%- for column in columns %},
    members.{{ column }} as {{ column }},
    versions.{{ column }} as {{ column }}_expected
    {%- endfor %}
from {{ of }} as members
left join {{ model }} as versions
    on members.{{ key }} = versions.{{ key }}
    and versions.is_current
where versions.{{ key }} is null
    or members.{{ version_key }} <> versions.{{ version_key }}
    {%- for column in columns %}
    or (not members.is_inferred and members.{{ column }} is distinct from versions.{{ column }})
    {%- endfor %}
    or (not members.is_inferred and coalesce(members.is_deleted, false) <> versions.is_deleted)
{% endtest %}
