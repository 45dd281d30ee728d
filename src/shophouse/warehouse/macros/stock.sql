{#
  Units that left for customers on a day of fct_inventory_daily. A shop that only counts its stock sends no movements: what a
  count found less counts as sold. Returns SQL.
#}
{% macro stock_units_sold(days) %}
    {%- if has_entity("inventory_movements") or not has_entity("inventory_snapshots") -%}
        {{ days }}.sale_quantity
    {%- else -%}
        case when {{ days }}.count_difference_quantity < 0 then -({{ days }}.count_difference_quantity) else 0 end
    {%- endif -%}
{% endmacro %}
