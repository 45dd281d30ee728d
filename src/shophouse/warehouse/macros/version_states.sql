{# The keys that came more than once, or whose file was replaced: only these can have a history. #}
{% macro members_with_history(entity, id, bindings) %}
    {%- for binding in bindings %}
        {%- set is_replaced = binding["delivery"] in ["append", "snapshot"] %}
        {%- if entity in keeps_repeated() and not is_replaced and binding.get("covers") != "none" %}
select
    repeated.source as source,
    repeated.{{ id }} as {{ id }}
from {{ ref("repeated_" ~ entity) }} as repeated
where repeated.{{ id }} is not null
        {%- else %}
select
    came.source as source,
    came.{{ id }} as {{ id }}
from {{ ref(binding["model"]) }} as came
            {%- if is_replaced %}
{{ superseding("came", binding) }}
            {%- endif %}
where came.{{ id }} is not null
group by
    came.source,
    came.{{ id }}
having count(*) > 1{% if is_replaced %} or count(superseded.source) > 0{% endif %}
        {%- endif %}
        {%- if not loop.last %}
union
        {%- endif %}
    {%- else %}
select
    cast(null as {{ type_text() }}) as source,
    cast(null as {{ type_text() }}) as {{ id }}
where 1 = 0
    {%- endfor %}
{% endmacro %}


{#
  Every row of the members wanted, of one binding. version_at is null without a declared version; is_gone says that the row takes
  its member away; superseded_by is the load that replaced the row's file, if any.
#}
{% macro history_rows(entity, id, stored, binding) %}
    {%- set definition = contract()[entity] -%}
    {%- set columns = member_columns(entity) -%}
    {%- set version = binding.get("version") -%}
    {%- set is_replaced = binding["delivery"] in ["append", "snapshot"] %}
select
    members.source as source,
    members.{{ id }} as {{ id }},
    {%- for column in stored %}
    cast({{ columns[column][0] }} as {{ type_of(columns[column][1]) }}) as {{ column }},
    {%- endfor %}
    members._version as version,
    {% if version and definition["columns"][version] in ["timestamp", "date"] %}cast(members._version as {{ type_timestamp() }}){% else %}cast(null as {{ type_timestamp() }}){% endif %} as version_at,
    members._operation = 'delete' or members.drop_reason is not null as is_gone,
    members._load_id as _load_id,
    members._loaded_at as _loaded_at,
    members._row_number as _row_number,
    members._source_file as _source_file
    {%- if is_replaced %},
    superseded.superseded_by as superseded_by,
    superseded.superseded_at as superseded_at,
    min(members._source_file) over (partition by members.source, members.{{ id }})
    = max(members._source_file) over (partition by members.source, members.{{ id }}) as is_in_one_file
    {%- endif %}
from (
    select
        staged.source as source,
        {%- for column, type in definition["columns"].items() %}
        {% if column in binding["columns"] %}staged.{{ column }}{% else %}cast(null as {{ type_of(type) }}){% endif %} as {{ column }},
        {%- endfor %}
        {% if "drop_reason" in binding["columns"] %}staged.drop_reason{% else %}cast(null as {{ type_text() }}){% endif %} as drop_reason,
        {% if version %}staged.{{ version }}{% else %}cast(null as {{ type_timestamp() }}){% endif %} as _version,
        staged._load_id as _load_id,
        staged._loaded_at as _loaded_at,
        staged._row_number as _row_number,
        staged._source_file as _source_file,
        staged._operation as _operation
    from {{ ref(binding["model"]) }} as staged
    inner join wanted
        on staged.source = wanted.source
        and staged.{{ id }} = wanted.{{ id }}
) as members
    {%- if is_replaced %}
{{ superseding("members", binding) }}
    {%- endif %}
{% endmacro %}


{# Delivery upsert: each row is a state of its member; rows without a version are older than all that have one. #}
{% macro upserted_states(id, stored, rows) %}
select
    received.source as source,
    received.{{ id }} as {{ id }},
    {%- for column in stored %}
    received.{{ column }} as {{ column }},
    {%- endfor %}
    received.is_gone as is_gone,
    row_number() over (
        partition by received.source, received.{{ id }}
        order by
            received.version nulls first,
            received._load_id nulls first,
            received._source_file nulls first,
            received._row_number nulls first
    ) as place,
    case
        when max(received.version_at) over (partition by received.source, received.{{ id }}) is null then received._loaded_at
        else received.version_at
    end as happened_at,
    received._loaded_at as loaded_at
from {{ rows }} as received
{% endmacro %}


{# The loads after which a member may be another: those that brought a row of it, and those that replaced one's file. #}
{% macro moments(id, rows) %}
select
    happened.source as source,
    happened.{{ id }} as {{ id }},
    happened.load_id as load_id,
    happened.is_in_one_file as is_in_one_file,
    max(happened.loaded_at) as loaded_at
from (
    select
        received.source as source,
        received.{{ id }} as {{ id }},
        received._load_id as load_id,
        received._loaded_at as loaded_at,
        received.is_in_one_file as is_in_one_file
    from {{ rows }} as received
    union all
    select
        received.source as source,
        received.{{ id }} as {{ id }},
        received.superseded_by as load_id,
        received.superseded_at as loaded_at,
        received.is_in_one_file as is_in_one_file
    from {{ rows }} as received
    where received.superseded_by is not null
) as happened
group by
    happened.source,
    happened.{{ id }},
    happened.load_id,
    happened.is_in_one_file
{% endmacro %}


{#
  Deliveries append and snapshot: what the newest load of every file says after each load; a row counts from its load until
  another of its file. Few members are in more than one file, and only of these all rows are looked at after each load.
#}
{% macro replaced_states(id, stored, rows, moments) %}
select
    ranked.source as source,
    ranked.{{ id }} as {{ id }},
    {%- for column in stored %}
    ranked.{{ column }} as {{ column }},
    {%- endfor %}
    coalesce(ranked.is_gone, true) as is_gone,
    ranked.load_id as place,
    case when ranked.received_load_id = ranked.load_id then coalesce(ranked.version_at, ranked.loaded_at) else ranked.loaded_at end as happened_at,
    ranked.loaded_at as loaded_at
from (
    select
        newest.source as source,
        newest.{{ id }} as {{ id }},
        newest.load_id as load_id,
        newest.loaded_at as loaded_at,
        newest.received_load_id as received_load_id,
        {%- for column in stored %}
        newest.{{ column }} as {{ column }},
        {%- endfor %}
        newest.is_gone as is_gone,
        newest.version_at as version_at,
        newest.received_load_id is distinct from lag(newest.received_load_id, 1, -1) over (partition by newest.source, newest.{{ id }} order by newest.load_id)
        or newest._source_file is distinct from lag(newest._source_file) over (partition by newest.source, newest.{{ id }} order by newest.load_id) as is_another
    from (
        select
            counting.source as source,
            counting.{{ id }} as {{ id }},
            counting.load_id as load_id,
            counting.loaded_at as loaded_at,
            counting.received_load_id as received_load_id,
            {%- for column in stored %}
            counting.{{ column }} as {{ column }},
            {%- endfor %}
            counting.is_gone as is_gone,
            counting.version_at as version_at,
            counting._source_file as _source_file,
            row_number() over (
                partition by counting.source, counting.{{ id }}, counting.load_id
                order by
                    counting.version desc nulls last,
                    counting.received_load_id desc nulls last,
                    counting._source_file desc nulls last,
                    counting._row_number desc nulls last
            ) as version_rank
        from (
            {%- for condition in ["moments.is_in_one_file", "not moments.is_in_one_file"] %}
            select
                moments.source as source,
                moments.{{ id }} as {{ id }},
                moments.load_id as load_id,
                moments.loaded_at as loaded_at,
                {%- for column in stored %}
                received.{{ column }} as {{ column }},
                {%- endfor %}
                received.is_gone as is_gone,
                received.version as version,
                received.version_at as version_at,
                received._load_id as received_load_id,
                received._row_number as _row_number,
                received._source_file as _source_file
            from {{ moments }} as moments
            left join {{ rows }} as received
                on moments.source = received.source
                and moments.{{ id }} = received.{{ id }}
                {%- if loop.first %}
                and moments.load_id = received._load_id
                {%- else %}
                and moments.load_id >= received._load_id
                and (received.superseded_by is null or moments.load_id < received.superseded_by)
                {%- endif %}
            where {{ condition }}
                {%- if not loop.last %}
            union all
                {%- endif %}
            {%- endfor %}
        ) as counting
    ) as newest
    where newest.version_rank = 1
) as ranked
where ranked.is_another
{% endmacro %}


{# No source has the entity. #}
{% macro no_states(id, stored, columns) %}
select
    cast(null as {{ type_text() }}) as source,
    cast(null as {{ type_text() }}) as {{ id }},
    {%- for column in stored %}
    cast(null as {{ type_of(columns[column][1]) }}) as {{ column }},
    {%- endfor %}
    true as is_gone,
    cast(1 as bigint) as place,
    cast(null as {{ type_timestamp() }}) as happened_at,
    cast(null as {{ type_timestamp() }}) as loaded_at
where 1 = 0
{% endmacro %}
