{# By which part `now` is above what it was: 0.25 is a quarter more. Null where `before` is null, 0 or negative: nothing can be said. Returns double. #}
{% macro growth(now, before) %}case when {{ before }} > 0 then {{ ratio(now ~ " - " ~ before, before) }} end{% endmacro %}
