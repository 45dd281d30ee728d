{#
  Dbt snapshots, for what has no history elsewhere: of products and customers the lake keeps every version, and dim_product_history tells
  them; the smaller entities are in core only as they are now, and a source that is emptied or written over can't tell them twice.
  What a build found stays in schema snapshots, whatever becomes of the rest.
#}

{# Whether shophouse.yml lists the entity under snapshots. #}
{% macro keeps_snapshot(entity) %}{{ return(entity in shophouse_bindings()["snapshots"]) }}{% endmacro %}

{# An entity's rows as they count now. #}
{% macro snapshot_of(entity) %}
select
    current_rows.source as source
    {%- for column in contract()[entity]["columns"] %},
    current_rows.{{ column }} as {{ column }}
    {%- endfor %}
from {{ ref("input_" ~ entity) }} as current_rows
{% endmacro %}
