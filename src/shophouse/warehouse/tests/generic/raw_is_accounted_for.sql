{#
  Conservation law 12: every row that arrived is in core, rejected or dropped for a stated reason, or replaced by a newer one,
  and so is its money. Each row is a source and a measure that does not add up.

  What was replaced is found here by looking for a newer row of the same key, not as macros/current.sql picks the newest. It is
  looked for only where rows and core differ. Nothing is said of a source whose raw rows are no rows of the entity (covers: none).

  entity   the entity of the input contract that `model` is made of
  amount   the model's amount that answers to amount_of() of the entity; none where it has none
  where    the model's rows that sources have sent, where it holds others too
  rejected, load_files, superseded_files  the tables of ops
#}
{% test raw_is_accounted_for(model, entity, rejected, load_files, superseded_files, amount=none, where="1 = 1") %}
    {%- set bound = shophouse_bindings()["entities"].get(entity, []) -%}
    {%- set covering = bound | selectattr("covers", "in", ["table", "part"]) | list -%}
    {%- if not covering or covering | length < bound | length %}
select
    cast(null as {{ type_text() }}) as source,
    cast(null as {{ type_text() }}) as measure
where 1 = 0
    {%- else %}
with

staged as (
    {%- for binding in covering %}
    select
        source,
        is_superseded,
        cast(count(*) as bigint) as row_count,
        {{ sum_money("amount") }} as amount
    from ({{ accounted_rows(entity, binding, superseded_files) | indent(4) }}) as staged_{{ loop.index }}
    group by
        source,
        is_superseded
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

arrived as (
    select
        source,
        cast(sum(row_count) as bigint) as row_count,
        {{ sum_money("amount") }} as amount,
        cast(sum(case when is_superseded then row_count else 0 end) as bigint) as superseded_row_count,
        {{ sum_money("case when is_superseded then amount else 0 end") }} as superseded_amount
    from staged
    group by source
),

kept as (
    select
        source,
        cast(count(*) as bigint) as row_count,
        {% if amount %}{{ sum_money("coalesce(cast(" ~ amount ~ " as " ~ type_money() ~ "), 0)") }}{% else %}cast(0 as {{ type_money_sum() }}){% endif %} as amount
    from {{ model }}
    where {{ where }}
    group by source
),

refused as (
    select
        source,
        cast(count(*) as bigint) as row_count,
        {{ sum_money("coalesce(amount, 0)") }} as amount
    from {{ rejected }}
    where entity = '{{ entity }}'
    group by source
),

sources as (
    select source
    from arrived
    union
    select source
    from kept
),

sides as (
    select
        sources.source as source,
        coalesce(arrived.row_count, 0) as arrived_row_count,
        coalesce(arrived.amount, 0) as arrived_amount,
        coalesce(arrived.superseded_row_count, 0) as superseded_row_count,
        coalesce(arrived.superseded_amount, 0) as superseded_amount,
        coalesce(kept.row_count, 0) as core_row_count,
        coalesce(kept.amount, 0) as core_amount,
        coalesce(refused.row_count, 0) as rejected_row_count,
        coalesce(refused.amount, 0) as rejected_amount
    from sources
    left join arrived
        on sources.source = arrived.source
    left join kept
        on sources.source = kept.source
    left join refused
        on sources.source = refused.source
),

differing as (
    select source
    from sides
    where arrived_row_count <> superseded_row_count + core_row_count + rejected_row_count
        or arrived_amount <> superseded_amount + core_amount + rejected_amount
),
{% for binding in covering %}
{{- replaced_rows(entity, binding, superseded_files, loop.index) }},
{% endfor %}
replaced as (
    {%- for binding in covering %}
    select
        source,
        cast(count(*) as bigint) as row_count,
        {{ sum_money("amount") }} as amount
    from replaced_{{ loop.index }}
    group by source
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

files as (
    select
        source,
        cast(sum(row_count) as bigint) as row_count
    from {{ load_files }}
    where
        {%- for binding in covering %}
        (table_name = '{{ binding["raw_table"] }}' and source in ('{{ shophouse_bindings()["platforms"][binding["platform"]]["sources"] | join("', '") }}'))
        {%- if not loop.last %} or{% endif %}
        {%- endfor %}
    group by source
),

parts as (
    select
        source,
        row_count
    from arrived
    {%- for binding in other_parts(entity, covering) %}
    union all
    select
        source,
        cast(count(*) as bigint) as row_count
    from {{ ref(binding["model"]) }}
    group by source
    {%- endfor %}
),

staged_in_all as (
    select
        source,
        cast(sum(row_count) as bigint) as row_count
    from parts
    group by source
)

select
    sides.source as source,
    'rows' as measure,
    cast(sides.arrived_row_count as {{ type_money_sum() }}) as arrived,
    cast(sides.superseded_row_count + coalesce(replaced.row_count, 0) as {{ type_money_sum() }}) as replaced,
    cast(sides.core_row_count as {{ type_money_sum() }}) as in_core,
    cast(sides.rejected_row_count as {{ type_money_sum() }}) as rejected_or_dropped
from sides
left join replaced
    on sides.source = replaced.source
where sides.arrived_row_count <> sides.superseded_row_count + coalesce(replaced.row_count, 0) + sides.core_row_count + sides.rejected_row_count
union all
select
    sides.source as source,
    'amount' as measure,
    sides.arrived_amount as arrived,
    cast(sides.superseded_amount + coalesce(replaced.amount, 0) as {{ type_money_sum() }}) as replaced,
    sides.core_amount as in_core,
    sides.rejected_amount as rejected_or_dropped
from sides
left join replaced
    on sides.source = replaced.source
where sides.arrived_amount <> sides.superseded_amount + coalesce(replaced.amount, 0) + sides.core_amount + sides.rejected_amount
union all
select
    files.source as source,
    'rows of files' as measure,
    cast(files.row_count as {{ type_money_sum() }}) as arrived,
    cast(0 as {{ type_money_sum() }}) as replaced,
    cast(coalesce(staged_in_all.row_count, 0) as {{ type_money_sum() }}) as in_core,
    cast(0 as {{ type_money_sum() }}) as rejected_or_dropped
from files
left join staged_in_all
    on files.source = staged_in_all.source
where files.row_count <> coalesce(staged_in_all.row_count, 0)
    {%- endif %}
{% endtest %}
