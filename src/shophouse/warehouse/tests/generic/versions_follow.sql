{#
  Conservation law 10: the versions of a member (a type-2 row each) follow each other without overlap or gap, from the beginning of
  time to its end, each says something else than the one before, and exactly one is current: the last. Each row is a version that does
  not, with what is wrong with it.

  key          the durable key, which names the member
  version_key  names the version
  columns      what versions tell
  of           the models that the versions are read from. Where an incremental run changes all of them by affected keys, it looks at the members
               of whom it wrote one
#}
{% test versions_follow(model, key, version_key, columns, of=[]) %}
    {%- set parts = [] -%}
    {%- for name in of -%}{%- do parts.append(ref(name)) -%}{%- endfor -%}
    {%- set written = shophouse.written_keys(parts, key) if of else none %}
{%- set by_time -%}
(partition by versions.{{ key }} order by versions.valid_from, versions.valid_to, versions.{{ version_key }})
{%- endset %}
with

-- Of one version alone all can be said from itself.
members as (
    select
        {{ key }},
        count(*) as version_count
    from {{ model }}
    {%- if written is not none %}
    where {{ key }} in ({{ written }})
    {%- endif %}
    group by {{ key }}
),

versions as (
    select
        versions.{{ key }} as {{ key }},
        versions.{{ version_key }} as {{ version_key }},
        versions.valid_from as valid_from,
        versions.valid_to as valid_to,
        versions.is_current as is_current,
        versions.version_number as version_number,
        lag(versions.valid_to) over {{ by_time }} as previous_valid_to,
        lead(versions.valid_from) over {{ by_time }} as next_valid_from,
        row_number() over {{ by_time }} as place,
        {%- for column in columns %}
        versions.{{ column }} is not distinct from lag(versions.{{ column }}) over {{ by_time }}{% if not loop.last %} and{% endif %}
        {%- endfor %} as is_like_previous
    from {{ model }} as versions
    inner join members
        on versions.{{ key }} = members.{{ key }}
    where members.version_count > 1
    union all
    select
        versions.{{ key }} as {{ key }},
        versions.{{ version_key }} as {{ version_key }},
        versions.valid_from as valid_from,
        versions.valid_to as valid_to,
        versions.is_current as is_current,
        versions.version_number as version_number,
        cast(null as {{ type_timestamp() }}) as previous_valid_to,
        cast(null as {{ type_timestamp() }}) as next_valid_from,
        1 as place,
        false as is_like_previous
    from {{ model }} as versions
    inner join members
        on versions.{{ key }} = members.{{ key }}
    where members.version_count = 1
),

problems as (
    select
        {{ key }},
        {{ version_key }},
        valid_from,
        valid_to,
        version_number,
        case
            when valid_from is null or valid_to is null or valid_from >= valid_to then 'ends before it begins'
            when previous_valid_to > valid_from then 'overlaps the one before'
            when previous_valid_to < valid_from then 'a gap to the one before'
            when previous_valid_to is null and valid_from <> {{ beginning_of_time() }} then 'nothing before the first'
            when next_valid_from is null and valid_to <> {{ end_of_time() }} then 'nothing after the last'
            when next_valid_from is null and not coalesce(is_current, false) then 'the last is not current'
            when next_valid_from is not null and coalesce(is_current, true) then 'current, but not the last'
            when previous_valid_to is not null and is_like_previous then 'as the one before'
            when version_number <> place then 'wrongly numbered'
        end as problem
    from versions
)

select
    {{ key }},
    {{ version_key }},
    valid_from,
    valid_to,
    version_number,
    problem
from problems
where problem is not null
{% endtest %}
