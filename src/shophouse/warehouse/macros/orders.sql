{#
  The natural id of the person behind an account, the same text wherever the person appears: what an identity source says, else
  the normalised e-mail, else the account itself. A guest, an order without an account, is a person of its own.
#}
{% macro person_id(customers, identities) -%}
case
            when {{ identities }}.person_id is not null then {{ identity_id(identities) }}
            when {{ customers }}.email like '%@%' then 'email|' || lower({{ shophouse.trimmed(customers ~ '.email') }})
            else {{ account_id(customers) }}
        end
{%- endmacro %}

{% macro identity_id(identities) %}'person|' || {{ identities }}.source || '|' || {{ identities }}.person_id{% endmacro %}

{% macro account_id(customers) %}'account|' || {{ customers }}.source || '|' || {{ customers }}.customer_id{% endmacro %}

{% macro guest_id(orders) %}'order|' || {{ orders }}.source || '|' || {{ orders }}.order_id{% endmacro %}


{#
  Splits order-level amounts over lines by largest remainder: each line gets its share rounded down to the currency's minor
  unit, and the units left go to the lines with the largest remainders (ties: the larger weight, then the lower line number).
  What is finer than the minor unit goes to the first of them. The parts sum to the whole, exactly.

  lines    a relation with order_key, line_number, line_count, weight and weight_sum (whole minor units, weight_sum > 0), scale
           (minor units in one unit of the currency), and the amounts
  amounts  the names of the columns to split; the result has order_key, line_number and the same names
#}
{% macro allocated(lines, amounts) %}
select
    parts.order_key as order_key,
    parts.line_number as line_number
    {%- for amount in amounts %},
    cast(sum(case when parts.amount_name = '{{ amount }}' then parts.amount else 0 end) as {{ type_money() }}) as {{ amount }}
    {%- endfor %}
from (
    select
        ranked.order_key as order_key,
        ranked.line_number as line_number,
        ranked.amount_name as amount_name,
        cast(
            {{ money_per('ranked.units_down + case when ranked.remainder_rank <= ranked.whole_units - ranked.units_down_sum then 1 else 0 end', 'ranked.scale') }}
            + case
                when ranked.remainder_rank = 1 then ranked.amount - {{ money_per('ranked.whole_units', 'ranked.scale') }}
                else 0
            end as {{ type_money() }}
        ) as amount
    from (
        select
            shares.order_key as order_key,
            shares.line_number as line_number,
            shares.amount_name as amount_name,
            shares.amount as amount,
            shares.scale as scale,
            shares.whole_units as whole_units,
            shares.units_down as units_down,
            sum(shares.units_down) over (partition by shares.order_key, shares.amount_name) as units_down_sum,
            row_number() over (
                partition by shares.order_key, shares.amount_name
                order by shares.remainder desc, shares.weight desc, shares.line_number
            ) as remainder_rank
        from (
            select
                stacked.order_key as order_key,
                stacked.line_number as line_number,
                stacked.amount_name as amount_name,
                stacked.amount as amount,
                stacked.scale as scale,
                stacked.weight as weight,
                stacked.whole_units as whole_units,
                {{ whole_quotient('stacked.whole_units * stacked.weight', 'stacked.weight_sum') }} as units_down,
                mod(stacked.whole_units * stacked.weight, stacked.weight_sum) as remainder
            from (
                {%- for amount in amounts %}
                select
                    lines.order_key as order_key,
                    lines.line_number as line_number,
                    '{{ amount }}' as amount_name,
                    lines.{{ amount }} as amount,
                    lines.scale as scale,
                    lines.weight as weight,
                    lines.weight_sum as weight_sum,
                    cast(floor(lines.{{ amount }} * lines.scale) as bigint) as whole_units
                from {{ lines }} as lines
                where lines.{{ amount }} <> 0
                    and lines.line_count > 1
                {%- if not loop.last %}
                union all
                {%- endif %}
                {%- endfor %}
            ) as stacked
        ) as shares
    ) as ranked
) as parts
group by
    parts.order_key,
    parts.line_number
{% endmacro %}


{#
  The valid orders with the days since the day on which the person had ordered before: null for the first, 0 for another on the same day. Who counts
  persons by period need not tell them apart with it: a person is new in a period if the order before was in an earlier one.

  fct_orders has these days as the store of the later order counts them. Where a store is in another zone than the shop, the order before may be of
  another day at its own store: the days of the orders are compared there.
#}
{% macro orders_after_days() %}
    select
        orders.person_key as person_key,
        orders.order_date as order_date,
        orders.days_since_previous_order as gap_days
    from {{ ref("fct_orders") }} as orders
    where orders.is_valid
        and not exists ({{ stores_in_other_zones() }})
    union all
    select
        orders.person_key as person_key,
        orders.order_date as order_date,
        {{ days("lag(orders.order_date) over (partition by orders.person_key order by orders.order_date)", "orders.order_date") }} as gap_days
    from {{ ref("fct_orders") }} as orders
    where orders.is_valid
        and exists ({{ stores_in_other_zones() }})
{%- endmacro %}

{% macro stores_in_other_zones() -%}
    select stores.timezone from {{ ref("dim_store") }} as stores where stores.timezone <> {{ shop_timezone() }}
{%- endmacro %}
