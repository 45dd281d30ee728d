{# A definition of this shop alone: products from this list price on are premium. Change it here, and every metric follows. #}
{% macro is_premium(list_price) %}coalesce({{ list_price }}, 0) >= {{ var('premium_price') }}{% endmacro %}
