{# A decimal of PostgreSQL is shown with the digits of its type, one of a test's expectation as it was written: both without zeros at the end. #}
{% macro postgres__get_unit_test_sql(main_sql, expected_fixture_sql, expected_column_names) %}
{%- for made, sql in [("actual", main_sql), ("expected", expected_fixture_sql)] %}
select
    {%- for column in expected_column_names %}
    case
        when cast({{ column }} as text) ~ '^-?[0-9]+\.[0-9]+$' then cast(trim_scale(cast(cast({{ column }} as text) as numeric)) as text)
        else cast({{ column }} as text)
    end as {{ column }},
    {%- endfor %}
    '{{ made }}' as "actual_or_expected"
from (
    {{ sql }}
) as {{ made }}_rows
{%- if not loop.last %}
union all
{%- endif %}
{%- endfor %}
{% endmacro %}
