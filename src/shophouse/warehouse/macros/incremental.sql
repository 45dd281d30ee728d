{#
  Incremental by affected keys: what the run's affected keys name is deleted and inserted as calculated anew, so that late,
  changed, repeated and deleted rows need no special case, and a row that vanished is gone.

  A model says which table of the changes layer holds its keys:
      config(materialized="incremental", incremental_strategy="affected", unique_key="order_key", meta={"affected": "affected_orders"})
#}
{% macro get_incremental_affected_sql(arguments) %}
    {%- set target = arguments["target_relation"] -%}
    {%- set columns = arguments["dest_columns"] | map(attribute="quoted") | join(", ") -%}
    {%- set key = arguments["unique_key"] -%}
    delete from {{ target }}
    where {{ key }} in ({{ few_keys(key, ref(config.get("meta")["affected"])) }});
    insert into {{ target }} ({{ columns }})
    select {{ columns }}
    from {{ arguments["temp_relation"] }}
{% endmacro %}


{# A query of the keys of a relation that has few of a large table's. #}
{% macro few_keys(key, relation) -%}
select affected.{{ key }} from {{ relation }} as affected where {{ shophouse.tells_scans("affected." ~ key) }}
{%- endmacro %}


{# A filter that keeps only the affected keys in an incremental run, and everything in a full one. #}
{% macro is_affected(relation, key, affected) %}
    {%- if not execute %}{% do ref(affected) %}{% endif -%}
    {%- if is_incremental() -%}
        {{ relation }}.{{ key }} in ({{ few_keys(key, ref(affected)) }})
    {%- else -%}
        1 = 1
    {%- endif -%}
{% endmacro %}


{# The two days of each row of a relation shaped as taken_back that is of one of these orders or refunds, which are CTEs of their keys. #}
{% macro days_of_affected(taken_back, orders, refunds) -%}
select
        taken_back.order_date as order_date,
        taken_back.event_date as event_date
    from {{ taken_back }} as taken_back
    where taken_back.order_key in ({{ few_keys('order_key', orders) }})
    union
    select
        taken_back.order_date as order_date,
        taken_back.event_date as event_date
    from {{ taken_back }} as taken_back
    where taken_back.refund_key in ({{ few_keys('refund_key', refunds) }})
{%- endmacro %}


{# An entity's rows for an incremental model: the affected keys' rows, or all of them in a full run. #}
{% macro affected_input(entity, by, affected) %}
    {%- if not execute %}
        {%- if affected == "affected_orders" and entity in keeps_checked() %}{% do ref("checked_" ~ entity) %}{% endif -%}
        {%- do ref(affected) -%}
        {%- for binding in shophouse_bindings()["entities"].get(entity, []) %}{% do ref(binding["model"]) %}{% endfor -%}
        {%- for seed in contract()[entity].get("accepted", {}).values() %}{% do ref(seed) %}{% endfor -%}
        {%- if contract()[entity].get("currencies") %}{% do ref("currencies") %}{% endif -%}
        {%- do source("ops", "superseded_files") -%}
    {%- endif -%}
    {%- if is_incremental() and affected == "affected_orders" and entity in keeps_checked() -%}
        (
    select
        checked.source as source
        {%- for column in contract()[entity]["columns"] %},
        checked.{{ column }} as {{ column }}
        {%- endfor %}
    from {{ ref("checked_" ~ entity) }} as checked
    where checked.rejection_reason is null
)
    {%- elif is_incremental() -%}
        ({{ input(entity, keys=ref(affected), by=by) }})
    {%- else -%}
        {{ ref("input_" ~ entity) }}
    {%- endif -%}
{% endmacro %}


{# Joins to the rows of a raw table, as staging has them, the files that this run must pass on. #}
{% macro joined_to_arrived(relation, raw_table) -%}
inner join {{ source("ops", "arrived_files") }} as arrived_files
    on arrived_files.table_name = '{{ raw_table }}'
    and {{ relation }}.source = arrived_files.source
    and {{ relation }}._load_id = arrived_files.load_id
    and {{ relation }}._source_file = arrived_files.source_file
{%- endmacro %}


{# The sum of the loads that the last build that ended well had seen of each raw table: rows told under it are of builds that came to no end since. #}
{% macro watermark() -%}
select cast(coalesce(sum(load_id), 0) as bigint) as load_sum
    from {{ source("ops", "model_watermarks") }}
{%- endmacro %}


{# Adds to a union what a table of changes told in builds that came to no end since: its own rows under the mark of the CTE `watermark`. #}
{% macro union_unfinished(columns) %}
    {%- set unfinished = as_built(this.schema, this.identifier) %}
    {%- if unfinished %}
    union
    select
        {%- for column in columns %}
        unfinished.{{ column }} as {{ column }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ unfinished }} as unfinished
    inner join watermark
        on unfinished.load_sum = watermark.load_sum
    {%- endif %}
{% endmacro %}


{# The distinct values of `columns` in an entity's versions of the loads that this run must pass on, or those of each version. #}
{% macro arrived(entity, columns, distinct=true) %}
    {%- for binding in shophouse_bindings()["entities"].get(entity, []) %}
select{% if distinct %} distinct{% endif %}
    versions.source as source
    {%- for column in columns %},
    versions.{{ column }} as {{ column }}
    {%- endfor %}
from {{ ref(binding["model"]) }} as versions
{{ joined_to_arrived("versions", binding["raw_table"]) }}
        {%- if not loop.last %}
union{% if not distinct %} all{% endif %}
        {%- endif %}
    {%- else %}
select
    cast(null as {{ type_text() }}) as source
    {%- for column in columns %},
    cast(null as {{ type_of(contract()[entity]["columns"][column]) }}) as {{ column }}
    {%- endfor %}
where 1 = 0
    {%- endfor %}
{% endmacro %}


{# All versions' values of `columns` in an entity, whatever the delivery; `_operation`, which says whether a row was deleted, may be one of them. #}
{% macro all_versions(entity, columns) %}
    {%- set types = dict(contract()[entity]["columns"], _operation="text") -%}
    {%- for binding in shophouse_bindings()["entities"].get(entity, []) %}
select
    versions.source as source
    {%- for column in columns %},
    {% if column in binding["columns"] or column == "_operation" %}versions.{{ column }}{% else %}cast(null as {{ type_of(types[column]) }}){% endif %} as {{ column }}
    {%- endfor %}
from {{ ref(binding["model"]) }} as versions
        {%- if not loop.last %}
union all
        {%- endif %}
    {%- else %}
select
    cast(null as {{ type_text() }}) as source
    {%- for column in columns %},
    cast(null as {{ type_of(types[column]) }}) as {{ column }}
    {%- endfor %}
where 1 = 0
    {%- endfor %}
{% endmacro %}


{# A table of this project as the last run left it, or none: for what must be known before the table is changed. No ref, for the model that is named here is built later. #}
{% macro as_built(schema, name) %}
    {%- if not execute -%}
        {{ return(none) }}
    {%- elif flags.WHICH == "compile" -%}
        {{ return(none if flags.FULL_REFRESH else api.Relation.create(database=target.database, schema=schema, identifier=name)) }}
    {%- endif -%}
    {{ return(adapter.get_relation(database=target.database, schema=schema, identifier=name)) }}
{% endmacro %}


{#
  As dbt's own, but of compiled SQL it is true of every incremental model unless a full refresh is asked for: a plan is compiled
  while no table is there yet.
#}
{% macro is_incremental() %}
    {%- if execute and flags.WHICH == "compile" -%}
        {{ return(model.config.materialized == "incremental" and not flags.FULL_REFRESH) }}
    {%- endif -%}
    {{ return(dbt.is_incremental()) }}
{% endmacro %}


{# False in a full run, in which nobody asks what changed. #}
{% macro passes_changes_on() %}{{ "1 = 0" if flags.FULL_REFRESH else "1 = 1" }}{% endmacro %}


{# Whether a newer load of a file can make rows of the entity vanish. #}
{% macro replaces_files(entity) %}
    {%- set deliveries = shophouse_bindings()["entities"].get(entity, []) | map(attribute="delivery") | list -%}
    {{- return("append" in deliveries or "snapshot" in deliveries) -}}
{% endmacro %}


{#
  The key of a model and the relation that holds those of its values that an incremental run writes; none for a model that is made anew in each,
  and where the query is not compiled for such a run.

  Of a view on models with affected keys, meta names the column, too:
      config(materialized="view", meta={"affected": "affected_orders", "affected_key": "order_key"})
#}
{% macro written_of(relation) %}
    {%- if execute and flags.WHICH == "compile" and not flags.FULL_REFRESH -%}
        {%- for node in graph.nodes.values() if node.resource_type == "model" and node.name == relation.identifier and node.config.meta.affected -%}
            {%- for affected in graph.nodes.values() if affected.resource_type == "model" and affected.name == node.config.meta.affected -%}
                {{ return({"key": node.config.unique_key or node.config.meta.affected_key, "affected": affected.relation_name}) }}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(none) }}
{% endmacro %}


{# A filter that keeps what an incremental run writes of a model; everything where a test looks at all rows. #}
{% macro was_written(relation) %}
    {%- set written = shophouse.written_of(relation) -%}
    {%- if written is none -%}
        {{ return("1 = 1") }}
    {%- endif -%}
    {{ return(written["key"] ~ " in (" ~ shophouse.few_keys(written["key"], written["affected"]) ~ ")") }}
{% endmacro %}


{#
  A query of the values of `key` of which an incremental run writes a row in one of these relations; none where a test looks at all rows, for one of
  the relations is made anew in each.
#}
{% macro written_keys(relations, key) %}
    {%- set queries = [] -%}
    {%- for relation in relations -%}
        {%- set written = shophouse.written_of(relation) -%}
        {%- if written is none -%}
            {{ return(none) }}
        {%- endif -%}
        {%- if written["key"] == key -%}
            {%- do queries.append(shophouse.few_keys(key, written["affected"])) -%}
        {%- else -%}
            {%- do queries.append("select written." ~ key ~ " from " ~ relation ~ " as written where written." ~ shophouse.was_written(relation)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(queries | unique | join(" union ")) }}
{% endmacro %}
