{# DuckDB divides whole numbers into a double with /. #}
{% macro duckdb__whole_quotient(a, b) %}(({{ a }}) // ({{ b }})){% endmacro %}

{# Months, which millions of rows are grouped by, are counted back from the day: ten times as fast as truncating. #}
{% macro duckdb__date_trunc_date(part, d) %}
    {%- if part == "month" -%}
(cast({{ d }} as date) - cast(extract(day from {{ d }}) - 1 as integer))
    {%- else -%}
{{ shophouse.default__date_trunc_date(part, d) }}
    {%- endif -%}
{% endmacro %}

{% macro duckdb__json_text(column, path) %}json_extract_string({{ column }}, '$.{{ path }}'){% endmacro %}

{# In the list of what is selected: in the from clause it would be joined to the texts once more, by their whole length. #}
{% macro duckdb__elements_of(relation, column, columns) %}(
    select
        {%- for name in columns %}
        {{ relation }}.{{ name }} as {{ name }},
        {%- endfor %}
        unnest(try_cast(try_cast({{ relation }}.{{ column }} as json) as json[])) as element
    from {{ relation }}
){% endmacro %}

{% macro duckdb__matches(text, pattern) %}regexp_matches({{ text }}, '{{ pattern }}'){% endmacro %}

{#
  A quotient of decimals is a double here. It is rounded as it is, unless it lies so near to a half that its error could decide, or
  is so large that it has no such digits: then whole ten-thousandths are divided, which is exact and slow.
#}
{% macro duckdb__money_per(a, b) %}
    {%- set quotient = "(cast(" ~ a ~ " as double) / nullif(cast(" ~ b ~ " as double), 0))" -%}
    {%- set over = "abs(cast(cast(" ~ a ~ " as decimal(28, 4)) * 10000 as hugeint))" -%}
    {%- set under = "abs(cast(cast(" ~ b ~ " as decimal(18, 4)) * 10000 as hugeint))" -%}
cast(
    case
        when abs({{ quotient }}) > 1e9 or abs(abs({{ quotient }}) * 10000 - floor(abs({{ quotient }}) * 10000) - 0.5) < 0.01
            then cast(case when {{ quotient }} < 0 then -1 else 1 end * (({{ over }} * 20000 + {{ under }}) // (2 * {{ under }})) as decimal(22, 0)) * cast(0.0001 as decimal(4, 4))
        else round({{ quotient }}, 4)
    end as {{ shophouse.type_money() }}
)
{%- endmacro %}

{% macro duckdb__bits_set(number) %}bit_count({{ number }}){% endmacro %}

{% macro duckdb__power_of_two(number) %}(cast(1 as bigint) << {{ number }}){% endmacro %}

{% macro duckdb__microseconds_at(t) %}epoch_us({{ t }}){% endmacro %}

{# dbt's own would be of the machine's time zone. #}
{% macro duckdb__snapshot_get_time() %}cast(current_timestamp at time zone 'UTC' as timestamp){% endmacro %}

{#
  A join hands the scan of its larger side a Bloom filter of the keys, which then reads the other columns of those rows alone; but only where the
  smaller side is filtered, too, by what its statistics don't prove to be true.
#}
{% macro duckdb__tells_scans(column) %}{{ column }} is not distinct from {{ column }}{% endmacro %}
