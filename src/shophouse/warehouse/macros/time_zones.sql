{#
  Local days of the orders' stores. An engine looks a time zone up again for each row whose zone is in a column: most of what parcels and
  orders cost. So the offset of each day is read from fct_time_zone_offsets_daily by a join, and only times on a day when it changes, or outside of
  that table, are converted by the engine. In a shop without stores the zone is a literal, and nothing is joined. What is of no store has the
  shop's own zone: a literal, yet dear enough to convert for rows in millions.
#}

{# The zone of an order's local days: a literal in a shop without stores, so that nothing is converted where it is UTC. Returns SQL. #}
{% macro order_timezone(orders) %}
    {{- return(orders ~ ".store_timezone" if has_entity("stores") else shop_timezone()) -}}
{% endmacro %}


{# Joins the offset of the day, in the zone, of the UTC timestamp `at`. #}
{% macro joined_zone_offset(at, zone, offset) -%}
left join {{ ref("fct_time_zone_offsets_daily") }} as {{ offset }}
        on {{ zone }} = {{ offset }}.timezone
        and cast({{ at }} as date) = {{ offset }}.utc_date
{%- endmacro %}


{# The wall-clock time in the zone of the UTC timestamp for which `offset` was joined. Returns timestamp. #}
{% macro at_zone_offset(at, zone, offset) -%}
case
            when {{ offset }}.offset_seconds is null then {{ to_local(at, zone) }}
            else {{ add_seconds(at, offset ~ ".offset_seconds") }}
        end
{%- endmacro %}


{#
  Joins what at_store() and day_at_store() need.

  at      a UTC timestamp
  orders  the relation that has store_timezone
  offset  the name of what is joined
#}
{% macro joined_offset(at, orders, offset) -%}
    {%- if not is_literal(order_timezone(orders)) %}{{ joined_zone_offset(at, order_timezone(orders), offset) }}{% endif -%}
{%- endmacro %}


{# The wall-clock time in the zone of the order's store of the UTC timestamp for which `offset` was joined. Returns timestamp. #}
{% macro at_store(at, orders, offset) -%}
    {%- if is_literal(order_timezone(orders)) -%}
{{ to_local(at, order_timezone(orders)) }}
    {%- else -%}
{{ at_zone_offset(at, order_timezone(orders), offset) }}
    {%- endif -%}
{%- endmacro %}


{# The day of at_store(). Returns date. #}
{% macro day_at_store(at, orders, offset) %}cast({{ at_store(at, orders, offset) }} as date){% endmacro %}


{#
  Joins what day_at_shop() needs: the offset of the shop's own zone, nothing where that is UTC.

  at      a UTC timestamp
  offset  the name of what is joined
#}
{% macro joined_shop_offset(at, offset) -%}
    {%- if shop_timezone() != "'UTC'" %}{{ joined_zone_offset(at, shop_timezone(), offset) }}{% endif -%}
{%- endmacro %}


{# The shop's day of the UTC timestamp for which `offset` was joined. Returns date. #}
{% macro day_at_shop(at, offset) -%}
    {%- if shop_timezone() == "'UTC'" -%}
{{ local_date(at, shop_timezone()) }}
    {%- else -%}
cast({{ at_zone_offset(at, shop_timezone(), offset) }} as date)
    {%- endif -%}
{%- endmacro %}


{% macro is_literal(expression) %}{{ return(expression.startswith("'")) }}{% endmacro %}
