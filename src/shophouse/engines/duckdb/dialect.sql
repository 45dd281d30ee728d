{# DuckDB divides whole numbers into a double with /. #}
{% macro duckdb__whole_quotient(a, b) %}(({{ a }}) // ({{ b }})){% endmacro %}

{% macro duckdb__json_text(column, path) %}json_extract_string({{ column }}, '$.{{ path }}'){% endmacro %}

{% macro duckdb__matches(text, pattern) %}regexp_matches({{ text }}, '{{ pattern }}'){% endmacro %}

{# A quotient of decimals would be a double: whole ten-thousandths stay exact. #}
{% macro duckdb__money_per(a, b) %}cast(round(cast({{ a }} as decimal(28, 4)) / nullif(cast({{ b }} as decimal(18, 4)), 0), 4) as {{ shophouse.type_money() }}){% endmacro %}

{% macro duckdb__bits_set(number) %}bit_count({{ number }}){% endmacro %}

{% macro duckdb__power_of_two(number) %}(cast(1 as bigint) << {{ number }}){% endmacro %}
