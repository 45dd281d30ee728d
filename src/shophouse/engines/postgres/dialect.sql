{# A quotient of whole numbers, whatever their types: a sum of bigints is a numeric. #}
{% macro postgres__whole_quotient(a, b) %}cast(div(cast({{ a }} as numeric), cast({{ b }} as numeric)) as bigint){% endmacro %}

{% macro postgres__cast_or_null(expression, type) %}case when pg_input_is_valid({{ expression }}, '{{ type }}') then cast({{ expression }} as {{ type }}) end{% endmacro %}

{# With twenty digits behind the point, so that rounding twice can't make a half of what is none. #}
{% macro postgres__money_per(a, b) %}cast(round(cast({{ a }} as decimal(38, 20)) / nullif(cast({{ b }} as decimal(18, 4)), 0), 4) as {{ shophouse.type_money() }}){% endmacro %}

{% macro postgres__json_text(column, path) %}(cast({{ column }} as jsonb) #>> '{ {{- path | replace(".", ",") -}} }'){% endmacro %}

{% macro postgres__elements_of(relation, column, columns) %}(
    select
        {%- for name in columns %}
        {{ relation }}.{{ name }} as {{ name }},
        {%- endfor %}
        jsonb_array_elements(case when {{ relation }}.{{ column }} is json array then cast({{ relation }}.{{ column }} as jsonb) end) as element
    from {{ relation }}
){% endmacro %}

{% macro postgres__matches(text, pattern) %}({{ text }} ~ '{{ pattern }}'){% endmacro %}

{% macro postgres__bits_set(number) %}bit_count(cast({{ number }} as bit(64))){% endmacro %}

{% macro postgres__microseconds_at(t) %}cast(extract(epoch from {{ t }}) * 1000000 as bigint){% endmacro %}

{# dbt's own would be of the machine's time zone. #}
{% macro postgres__snapshot_get_time() %}cast(current_timestamp at time zone 'UTC' as timestamp){% endmacro %}

{% macro postgres__power_of_two(number) %}(cast(1 as bigint) << cast({{ number }} as integer)){% endmacro %}


{#
  dbt's own, and two things more. A calculated decimal of PostgreSQL has any number of digits: it becomes what the model's yml
  declares. And what was built is analysed at once, for the next model reads it.
#}
{% macro postgres__create_table_as(temporary, relation, sql) -%}
    {%- set decimals = {} -%}
    {%- if not temporary and not config.get("contract").enforced -%}
        {%- set present = get_column_schema_from_query(sql) | map(attribute="name") | list -%}
        {%- for column in model.columns.values() if (column.data_type or "").startswith("decimal(") and column.name in present -%}
            {%- do decimals.update({column.name: column.data_type}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if not decimals %}
    {{ dbt.postgres__create_table_as(temporary, relation, sql) }}
    {%- else %}
    create table {{ relation }} as
    select *
    from (
        {{ sql }}
    ) as built
    with no data;
    alter table {{ relation }}
    {%- for name, type in decimals.items() %}
        alter column {{ adapter.quote(name) }} type {{ type }}{% if not loop.last %},{% endif %}
    {%- endfor %};
    insert into {{ relation }}
    select *
    from (
        {{ sql }}
    ) as built;
    {%- endif %}
    analyze {{ relation }};
{%- endmacro %}
