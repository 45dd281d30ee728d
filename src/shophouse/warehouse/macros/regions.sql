{# What a country or state is grouped by: its code, else the name that the source has for it, else 'unknown'. Returns text. #}
{% macro region_code(code, name) %}case when coalesce({{ code }}, 'unknown') = 'unknown' then coalesce({{ name }}, 'unknown') else {{ code }} end{% endmacro %}
