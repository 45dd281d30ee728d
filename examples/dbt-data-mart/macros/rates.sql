{# The share of a part in a whole, 0 to 1; null where the whole is 0. #}
{% macro share_of(part, whole) %}{{ shophouse.ratio(part, whole) }}{% endmacro %}

{# Money per thing, to four decimals; null where there are none. #}
{% macro per(amount, things) %}cast(round({{ amount }} / nullif({{ things }}, 0), 4) as decimal(18, 4)){% endmacro %}
