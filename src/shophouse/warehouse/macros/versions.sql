{#
  What is known of a member of dim_customer or dim_product: {column: [SQL over `members`, type of the contract]}, in the order of
  the tables. Of these there are versions. `also` are columns beside them, of which there are none: personal ones, for each version
  would be one copy more to erase, and times of the row itself.
#}
{% macro member_columns(entity, also={}) %}
    {%- set columns = {} -%}
    {%- do columns.update(tracked_columns()[entity]) -%}
    {%- do columns.update(also) -%}
    {{- return(columns) -}}
{% endmacro %}


{% macro tracked_columns() %}
    {{- return({
        "customers": {
            "gender": ["members.gender", "text"],
            "accepts_marketing": ["coalesce(members.accepts_marketing, false)", "boolean"],
            "is_guest": ["coalesce(members.is_guest, false)", "boolean"],
            "geography_id": ["members.geography_id", "text"],
            "geography_key": [key_or_unknown("members.source", "members.geography_id"), "bigint"],
            "acquisition_source": ["members.acquisition_source", "text"],
            "is_deleted": ["coalesce(members.is_deleted, false)", "boolean"],
        },
        "products": {
            "product_name": ["coalesce(members.product_name, members.product_id)", "text"],
            "parent_product_id": ["members.parent_product_id", "text"],
            "sku": ["members.sku", "text"],
            "brand": ["members.brand", "text"],
            "category_id": ["members.category_id", "text"],
            "category_key": [key_or_unknown("members.source", "members.category_id"), "bigint"],
            "list_price": ["members.list_price", "money"],
            "unit_cost": ["members.unit_cost", "money"],
            "currency_code": ["members.currency_code", "text"],
            "weight_grams": ["members.weight_grams", "money"],
            "is_gift_card": ["coalesce(members.is_gift_card, false)", "boolean"],
            "status": ["members.status", "text"],
            "is_deleted": ["coalesce(members.is_deleted, false)", "boolean"],
        }
    }) -}}
{% endmacro %}


{# When the first version of every member begins, and when its last one ends: nothing is known before, and nothing is over. #}
{% macro beginning_of_time() %}cast('1900-01-01 00:00:00' as {{ type_timestamp() }}){% endmacro %}

{% macro end_of_time() %}cast('9999-12-31 00:00:00' as {{ type_timestamp() }}){% endmacro %}


{#
  The versions of an entity's members that have more than one, each as it was from valid_from until before valid_to, from the
  change history that the lake keeps. Columns: <name>_version_key, <name>_key, source, <id>, those of member_columns(), valid_from,
  valid_to, is_current, version_number.

  When a version begins is what its declared version column says, else when it was loaded. Of two at the same instant the later load
  counts; what follows out of order begins when what it follows does. A member that its source deletes or no longer delivers has a
  version that says so (is_deleted, with what was known last), so that versions leave no gap. Consecutive versions alike are one.

  name      customer or product
  affected  the table of the changes layer with the keys of which an incremental run looks at the history
#}
{% macro versions(entity, name, affected) %}
    {%- set id = contract()[entity]["key"][0] -%}
    {%- set key = name ~ "_key" -%}
    {%- set bindings = shophouse_bindings()["entities"].get(entity, []) -%}
    {%- set columns = member_columns(entity) -%}
    {%- set stored = columns.keys() | reject("in", ["geography_key", "category_key"]) | list -%}
    {%- if not execute -%}
        {%- do ref(affected) -%}
        {%- if entity in keeps_repeated() %}{% do ref("repeated_" ~ entity) %}{% endif -%}
        {%- for binding in bindings %}{% do ref(binding["model"]) %}{% endfor -%}
        {%- do source("ops", "superseded_files") -%}
    {%- endif %}
with

wanted as (
    {%- if is_incremental() %}
    select
        source,
        {{ id }}
    from {{ ref(affected) }}
    {%- else %}
    {{ members_with_history(entity, id, bindings) | indent(4) }}
    {%- endif %}
),

{%- for binding in bindings %}
received_{{ loop.index }} as (
    {{ history_rows(entity, id, stored, binding) | indent(4) }}
),

    {%- if binding["delivery"] in ["append", "snapshot"] %}
moments_{{ loop.index }} as (
    {{ moments(id, "received_" ~ loop.index) | indent(4) }}
),
    {%- endif %}
{% endfor %}
states as (
    {%- for binding in bindings %}
        {%- if binding["delivery"] in ["append", "snapshot"] %}
    {{ replaced_states(id, stored, "received_" ~ loop.index, "moments_" ~ loop.index) | indent(4) }}
        {%- else %}
    {{ upserted_states(id, stored, "received_" ~ loop.index) | indent(4) }}
        {%- endif %}
        {%- if not loop.last %}
    union all
        {%- endif %}
    {%- else %}
    {{ no_states(id, stored, columns) | indent(4) }}
    {%- endfor %}
),

-- What comes back unchanged after it was gone came back when it was loaded.
dated as (
    select
        states.source as source,
        states.{{ id }} as {{ id }},
        {%- for column in stored %}
        states.{{ column }} as {{ column }},
        {%- endfor %}
        states.is_gone as is_gone,
        states.place as place,
        case
            when states.happened_at >= {{ end_of_time() }} then states.loaded_at
            when lag(states.is_gone) over {{ in_order("states", id) }}
                and states.happened_at <= lag(states.happened_at) over {{ in_order("states", id) }} then states.loaded_at
            else greatest(coalesce(states.happened_at, {{ beginning_of_time() }}), {{ beginning_of_time() }})
        end as happened_at
    from states
),

timed as (
    select
        dated.source as source,
        dated.{{ id }} as {{ id }},
        {%- for column in stored %}
        dated.{{ column }} as {{ column }},
        {%- endfor %}
        dated.is_gone as is_gone,
        dated.place as place,
        max(dated.happened_at) over (
            partition by dated.source, dated.{{ id }}
            order by dated.place
            rows between unbounded preceding and current row
        ) as valid_from
    from dated
),

-- Of one instant, the last.
lasting as (
    select
        timed.source as source,
        timed.{{ id }} as {{ id }},
        {%- for column in stored %}
        timed.{{ column }} as {{ column }},
        {%- endfor %}
        timed.is_gone as is_gone,
        timed.place as place,
        timed.valid_from as valid_from,
        lead(timed.valid_from) over {{ in_order("timed", id) }} as next_valid_from
    from timed
),

following as (
    select
        lasting.source as source,
        lasting.{{ id }} as {{ id }},
        {%- for column in stored %}
        lasting.{{ column }} as {{ column }},
        {%- endfor %}
        lasting.is_gone as is_gone,
        lasting.place as place,
        lasting.valid_from as valid_from,
        -- what is deleted before anything is known of it is not known
        lag(lasting.is_gone, 1, true) over {{ in_order("lasting", id) }} as was_gone
    from lasting
    where lasting.next_valid_from is null
        or lasting.next_valid_from > lasting.valid_from
),

known as (
    select
        following.source as source,
        following.{{ id }} as {{ id }},
        {%- for column in stored %}
            {%- if column == "is_deleted" %}
        following.is_gone or following.is_deleted as is_deleted,
            {%- else %}
        case
            when following.is_gone then lag(following.{{ column }}) over {{ in_order("following", id) }}
            else following.{{ column }}
        end as {{ column }},
            {%- endif %}
        {%- endfor %}
        following.place as place,
        following.valid_from as valid_from
    from following
    where not (following.is_gone and following.was_gone)
),

compared as (
    select
        known.source as source,
        known.{{ id }} as {{ id }},
        {%- for column in stored %}
        known.{{ column }} as {{ column }},
        lag(known.{{ column }}) over {{ in_order("known", id) }} as previous_{{ column }},
        {%- endfor %}
        known.place as place,
        known.valid_from as valid_from,
        row_number() over {{ in_order("known", id) }} as state_number
    from known
),

numbered as (
    select
        compared.source as source,
        compared.{{ id }} as {{ id }},
        {%- for column in stored %}
        compared.{{ column }} as {{ column }},
        {%- endfor %}
        compared.valid_from as valid_from,
        lead(compared.valid_from) over {{ in_order("compared", id) }} as next_valid_from,
        cast(row_number() over {{ in_order("compared", id) }} as integer) as version_number
    from compared
    where compared.state_number = 1
        {%- for column in stored %}
        or compared.{{ column }} is distinct from compared.previous_{{ column }}
        {%- endfor %}
),

members as (
    select
        {{ surrogate_key(["numbered.source", "numbered." ~ id]) }} as {{ key }},
        numbered.source as source,
        numbered.{{ id }} as {{ id }},
        {%- for column in stored %}
        numbered.{{ column }} as {{ column }},
        {%- endfor %}
        numbered.valid_from as valid_from,
        numbered.next_valid_from as next_valid_from,
        numbered.version_number as version_number
    from numbered
    where numbered.version_number > 1
        or numbered.next_valid_from is not null
)

-- The first version has the member's own key, so that a member without a history needs no other.
select
    case
        when members.version_number = 1 then members.{{ key }}
        else {{ surrogate_key(["members.source", "members." ~ id, microseconds_at("members.valid_from")]) }}
    end as {{ name }}_version_key,
    members.{{ key }} as {{ key }},
    members.source as source,
    members.{{ id }} as {{ id }},
    {%- for column, definition in columns.items() %}
    {% if column in stored %}members.{{ column }}{% else %}{{ definition[0] }}{% endif %} as {{ column }},
    {%- endfor %}
    case when members.version_number = 1 then {{ beginning_of_time() }} else members.valid_from end as valid_from,
    coalesce(members.next_valid_from, {{ end_of_time() }}) as valid_to,
    members.next_valid_from is null as is_current,
    members.version_number as version_number
from members
{% endmacro %}


{% macro in_order(relation, id) %}(partition by {{ relation }}.source, {{ relation }}.{{ id }} order by {{ relation }}.place){% endmacro %}


{#
  Every version of every member of dim_customer or dim_product. Of those with one version only the dimension has all there is: the
  first version has the member's own key, so a member whose current version is another has more than one.

  name      customer or product, as for versions()
  versions  the relation that versions() made
#}
{% macro member_history(entity, name, versions) %}
    {%- set id = contract()[entity]["key"][0] -%}
    {%- set columns = member_columns(entity) -%}
with

members as (
    select
        {{ name }}_key,
        {{ name }}_version_key,
        source,
        {{ id }},
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        is_inferred
    from {{ ref("dim_" ~ name) }}
),

versions as (
    select
        {{ name }}_version_key,
        {{ name }}_key,
        source,
        {{ id }},
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        valid_from,
        valid_to,
        is_current,
        version_number
    from {{ versions }}
)

select
    members.{{ name }}_version_key as {{ name }}_version_key,
    members.{{ name }}_key as {{ name }}_key,
    members.source as source,
    members.{{ id }} as {{ id }},
    {%- for column, definition in columns.items() %}
    {% if definition[1] == "boolean" %}coalesce(members.{{ column }}, false){% else %}members.{{ column }}{% endif %} as {{ column }},
    {%- endfor %}
    {{ beginning_of_time() }} as valid_from,
    {{ end_of_time() }} as valid_to,
    true as is_current,
    1 as version_number,
    members.is_inferred as is_inferred
from members
where members.{{ name }}_version_key = members.{{ name }}_key
union all
select
    versions.{{ name }}_version_key as {{ name }}_version_key,
    versions.{{ name }}_key as {{ name }}_key,
    versions.source as source,
    versions.{{ id }} as {{ id }},
    {%- for column in columns %}
    versions.{{ column }} as {{ column }},
    {%- endfor %}
    versions.valid_from as valid_from,
    versions.valid_to as valid_to,
    versions.is_current as is_current,
    versions.version_number as version_number,
    false as is_inferred
from versions
{% endmacro %}
