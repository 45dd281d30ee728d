{# The lines of the profit and loss in their order, and what is left after some of them: [line, what is left, or none]. #}
{% macro profit_and_loss_lines() %}{{ return([
    ["goods", "contribution_1"],
    ["shipping", none],
    ["fulfilment", none],
    ["payment_fee", none],
    ["returns_handling", "contribution_2"],
    ["ad_spend", none],
    ["marketing", "contribution_3"],
    ["overhead", "operating_profit"]
]) }}{% endmacro %}


{# The columns of a profit and loss report over sums of profit_and_loss_by_day. #}
{% macro profit_and_loss_columns(sums) %}
    {%- set taken = [] %}
    {{ sums }}.gross_amount as gross_amount,
    cast(-({{ sums }}.discount_amount) as {{ type_money_sum() }}) as discount_amount,
    cast(-({{ sums }}.return_amount) as {{ type_money_sum() }}) as return_amount,
    cast(-({{ sums }}.cancellation_amount) as {{ type_money_sum() }}) as cancellation_amount,
    {{ sums }}.net_sales_amount as net_sales_amount,
    {%- for line, left in profit_and_loss_lines() %}
        {%- do taken.append(sums ~ "." ~ line ~ "_cost_amount") %}
    {{ sums }}.{{ line }}_cost_amount as {{ line }}_cost_amount,
        {%- if left %}
    cast({{ sums }}.net_sales_amount - ({{ taken | join(" + ") }}) as {{ type_money_sum() }}) as {{ left }}_amount,
        {%- endif %}
    {%- endfor %}
    {{ sums }}.shipping_amount as shipping_charged_amount,
    {{ sums }}.uncosted_amount as uncosted_amount,
    {{ shop_currency() }} as currency_code,
    {{ ratio(sums ~ ".net_sales_amount - " ~ sums ~ ".goods_cost_amount", sums ~ ".net_sales_amount") }} as contribution_1_rate,
    {{ ratio(sums ~ ".net_sales_amount", sums ~ ".ad_spend_cost_amount") }} as marketing_efficiency_ratio,
    {{ ratio(sums ~ ".ad_spend_cost_amount", sums ~ ".net_sales_amount") }} as ad_spend_share
{%- endmacro %}


{# Whether a payment's method is a gift card, as systems write it. #}
{% macro is_gift_card_method(method) %}replace(replace(lower(trim({{ method }})), ' ', '_'), '-', '_') in ('gift_card', 'giftcard', 'gift_certificate', 'gift_voucher'){% endmacro %}
