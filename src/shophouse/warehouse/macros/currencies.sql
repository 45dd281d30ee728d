{# Amounts in the currency of their order, and in the one that the shop reports in. #}

{# Whether orders may be in other currencies than the shop's: a source has exchange rates. #}
{% macro has_currencies() %}{{ return(has_entity("exchange_rates")) }}{% endmacro %}


{#
  An amount in the shop's currency: each is rounded once, half away from zero, and sums are of what is rounded. The amount as it
  is in a shop without exchange rates. Null without a rate. Returns money.

  amount  money in the currency that `rate` belongs to
#}
{% macro in_reporting(amount, rate="exchange_rate") %}
    {%- if has_currencies() -%}
        case when {{ rate }} = 1 then {{ amount }} else cast(round(cast({{ amount }} as {{ type_money() }}) * {{ rate }}, 4) as {{ type_money() }}) end
    {%- else -%}
        {{ amount }}
    {%- endif -%}
{% endmacro %}


{# What one unit of a currency is worth in the shop's: 1 for the shop's own, else what the joined rate says, null without one. Returns rate. #}
{% macro rate_into_shop(currency, rate) %}
    {%- if has_currencies() -%}
        case when {{ currency }} = {{ shop_currency() }} then cast(1 as {{ type_of("rate") }}) else {{ rate }} end
    {%- else -%}
        case when {{ currency }} = {{ shop_currency() }} then cast(1 as {{ type_of("rate") }}) end
    {%- endif -%}
{% endmacro %}


{# An amount of the shop's currency in the one that `rate` belongs to, rounded to four decimals; null without a rate. Returns money. #}
{% macro out_of_reporting(amount, rate) %}{{ money_per("cast(" ~ amount ~ " as " ~ type_money() ~ ") * 10000", "cast(" ~ rate ~ " * 10000 as decimal(18, 4))") }}{% endmacro %}


{# Whether products say in which currency their cost and list price are; else they are in the shop's. #}
{% macro has_product_currencies() %}
    {%- set saying = [] -%}
    {%- for binding in shophouse_bindings()["entities"].get("products", []) if "currency_code" in binding["columns"] -%}
        {%- do saying.append(binding["model"]) -%}
    {%- endfor -%}
    {{- return(has_currencies() and saying | length > 0) -}}
{% endmacro %}


{# A cost or price of a product in the shop's currency; `currency` is the product's, `rate` what the joined rate says. Returns money. #}
{% macro product_in_reporting(amount, currency, rate) %}
    {%- if has_product_currencies() -%}
        {{ in_reporting(amount, "(" ~ rate_into_shop(currency, rate) ~ ")") }}
    {%- else -%}
        {{ amount }}
    {%- endif -%}
{% endmacro %}


{#
  The cost of a line of fct_order_items: the line's own is in the order's currency, the product's in the product's, worth what it was
  on the day of the order. The relations are those of the CTE `priced`. Returns money.

  currency  'order' or 'reporting'
#}
{% macro cost_of_line(currency) %}
    {%- set cost = "cast(lines.quantity * coalesce(lines.unit_cost, products.unit_cost) as " ~ type_money() ~ ")" -%}
    {%- set product_cost = product_in_reporting(cost, "products.currency_code", "rates.rate") -%}
    {%- if not has_currencies() -%}
        {{ cost }}
    {%- elif currency == "reporting" -%}
        case when lines.unit_cost is not null then {{ in_reporting(cost, "headers.exchange_rate") }} else {{ product_cost }} end
    {%- else -%}
        case
            when lines.unit_cost is not null or {{ "products.currency_code" if has_product_currencies() else shop_currency() }} = headers.currency_code then {{ cost }}
            else {{ out_of_reporting(product_cost, "headers.exchange_rate") }}
        end
    {%- endif -%}
{% endmacro %}


{# A refund of fct_refunds as it counts in the shop's currency: its parts are rounded, its total is their sum. Returns an expression. #}
{% macro refund_in_reporting(refunds="") %}
    {%- set prefix = refunds ~ "." if refunds else "" -%}
    {%- if has_currencies() -%}
        {%- for part in ["product", "tax", "shipping", "other"] -%}
            {{ in_reporting(prefix ~ part ~ "_amount", prefix ~ "exchange_rate") }}{% if not loop.last %} + {% endif %}
        {%- endfor -%}
    {%- else -%}
        {{ prefix }}refund_amount
    {%- endif -%}
{% endmacro %}


{# What a line of fct_order_items sells for in the shop's currency: what is rounded is its gross and its discount. Returns an expression. #}
{% macro line_net_in_reporting() %}
    {%- if has_currencies() -%}
        {{ in_reporting("gross_amount") }} - {{ in_reporting("discount_amount") }}
    {%- else -%}
        net_amount
    {%- endif -%}
{% endmacro %}
