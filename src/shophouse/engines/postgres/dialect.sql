{# A quotient of whole numbers, whatever their types: a sum of bigints is a numeric. #}
{% macro postgres__whole_quotient(a, b) %}cast(div(cast({{ a }} as numeric), cast({{ b }} as numeric)) as bigint){% endmacro %}

{# Text and number types that dbt's own macros would make otherwise. #}
{% macro postgres__safe_cast(expression, type) %}case when pg_input_is_valid({{ expression }}, '{{ type }}') then cast({{ expression }} as {{ type }}) end{% endmacro %}

{% macro postgres__json_text(column, path) %}(cast({{ column }} as jsonb) #>> '{ {{- path | replace(".", ",") -}} }'){% endmacro %}

{% macro postgres__matches(text, pattern) %}({{ text }} ~ '{{ pattern }}'){% endmacro %}

{% macro postgres__bits_set(number) %}bit_count(cast({{ number }} as bit(64))){% endmacro %}

{% macro postgres__power_of_two(number) %}(cast(1 as bigint) << cast({{ number }} as integer)){% endmacro %}
