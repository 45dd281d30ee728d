-- One row per valid order, touch and attribution model that gives the touch a part of the order: the part, and the order's net sales in that part.
-- The parts of an order sum to 1 and its net sales, in the shop's currency, to the last cent, in each model. Internal: what the marts of attribution share.
{%- set shared_out = ['linear', 'position_based', 'time_decay'] %}

with

touches as (
    select
        order_key,
        touch_key,
        person_key,
        touch_kind,
        campaign_key,
        marketing_channel,
        touch_date,
        order_date,
        is_first_order,
        touch_position,
        touch_count,
        {%- for model in attribution_models() %}
        {{ model }}_weight{% if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ ref('fct_order_touches') }}
),

sales as (
    select
        order_key,
        cast(sum(net_sales_amount_reporting) as {{ type_money() }}) as net_sales_amount
    from {{ ref('fct_sales_ledger') }}
    where order_key in (select touched.order_key from {{ ref('fct_order_touches') }} as touched)
    group by order_key
),

currencies as (
    select cast(case minor_units when 0 then 1 when 3 then 1000 when 4 then 10000 else 100 end as integer) as scale
    from {{ ref('currencies') }}
    where code = {{ shop_currency() }}
),

-- What one touch has all of needs no sharing out.
single as (
    {%- for model in attribution_models() %}
    select
        order_key,
        touch_key,
        '{{ model }}' as attribution_model,
        person_key,
        touch_kind,
        campaign_key,
        marketing_channel,
        touch_date,
        order_date,
        is_first_order,
        touch_position,
        touch_count
    from touches
    where {{ model }}_weight > 0
        and {{ 'touch_count = 1' if model in shared_out else '1 = 1' }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

sums as (
    select
        order_key,
        {%- for model in shared_out %}
        cast(sum({{ model }}_weight) as bigint) as {{ model }}_weight_sum{% if not loop.last %},{% endif %}
        {%- endfor %}
    from touches
    where touch_count > 1
    group by order_key
),

stacked as (
    {%- for model in shared_out %}
    select
        touches.order_key as order_key,
        touches.touch_key as touch_key,
        touches.touch_position as touch_position,
        '{{ model }}' as attribution_model,
        cast(touches.{{ model }}_weight as bigint) as weight,
        sums.{{ model }}_weight_sum as weight_sum
    from touches
    inner join sums
        on touches.order_key = sums.order_key
    where touches.{{ model }}_weight > 0
        and touches.touch_count > 1
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

weighted as (
    select
        stacked.order_key as order_key,
        stacked.touch_key as touch_key,
        stacked.touch_position as touch_position,
        stacked.attribution_model as attribution_model,
        stacked.weight as weight,
        stacked.weight_sum as weight_sum,
        coalesce(sales.net_sales_amount, 0) as net_sales_amount,
        case when sales.net_sales_amount < 0 then -1 else 1 end as sign,
        currencies.scale as scale
    from stacked
    left join sales
        on stacked.order_key = sales.order_key
    cross join currencies
),

-- Whole units: hundred-millionths of the order, and the smallest units of the shop's currency of its net sales.
whole as (
    select
        weighted.order_key as order_key,
        weighted.touch_key as touch_key,
        weighted.touch_position as touch_position,
        weighted.attribution_model as attribution_model,
        weighted.weight as weight,
        weighted.weight_sum as weight_sum,
        weighted.net_sales_amount as net_sales_amount,
        weighted.sign as sign,
        weighted.scale as scale,
        cast(100000000 as bigint) as credit_units,
        cast(floor(weighted.net_sales_amount * weighted.sign * weighted.scale) as bigint) as money_units
    from weighted
),

shared as (
    select
        whole.order_key as order_key,
        whole.touch_key as touch_key,
        whole.touch_position as touch_position,
        whole.attribution_model as attribution_model,
        whole.weight as weight,
        whole.net_sales_amount as net_sales_amount,
        whole.sign as sign,
        whole.scale as scale,
        whole.credit_units as credit_units,
        whole.money_units as money_units,
        {{ units_down('whole.credit_units', 'whole.weight', 'whole.weight_sum') }} as credit_units_down,
        mod(whole.credit_units * whole.weight, whole.weight_sum) as credit_remainder,
        {{ units_down('whole.money_units', 'whole.weight', 'whole.weight_sum') }} as money_units_down,
        mod(whole.money_units * whole.weight, whole.weight_sum) as money_remainder
    from whole
),

ranked as (
    select
        shared.order_key as order_key,
        shared.touch_key as touch_key,
        shared.attribution_model as attribution_model,
        shared.net_sales_amount as net_sales_amount,
        shared.sign as sign,
        shared.scale as scale,
        shared.money_units as money_units,
        shared.credit_units_down as credit_units_down,
        shared.money_units_down as money_units_down,
        shared.credit_units - cast(sum(shared.credit_units_down) over (partition by shared.order_key, shared.attribution_model) as bigint) as credit_units_left,
        shared.money_units - cast(sum(shared.money_units_down) over (partition by shared.order_key, shared.attribution_model) as bigint) as money_units_left,
        row_number() over (
            partition by shared.order_key, shared.attribution_model
            order by shared.credit_remainder desc, shared.weight desc, shared.touch_position
        ) as credit_rank,
        row_number() over (
            partition by shared.order_key, shared.attribution_model
            order by shared.money_remainder desc, shared.weight desc, shared.touch_position
        ) as money_rank
    from shared
),

shares as (
    select
        ranked.order_key as order_key,
        ranked.touch_key as touch_key,
        ranked.attribution_model as attribution_model,
        cast(
            cast(ranked.credit_units_down + case when ranked.credit_rank <= ranked.credit_units_left then 1 else 0 end as decimal(10, 0))
            * cast(0.00000001 as decimal(9, 8)) as decimal(18, 8)
        ) as credit,
        cast(
            ranked.sign * {{ money_per('ranked.money_units_down + case when ranked.money_rank <= ranked.money_units_left then 1 else 0 end', 'ranked.scale') }}
            + case
                when ranked.money_rank = 1 then ranked.net_sales_amount - ranked.sign * {{ money_per('ranked.money_units', 'ranked.scale') }}
                else 0
            end as {{ type_money() }}
        ) as net_sales_amount
    from ranked
)

select
    shares.order_key as order_key,
    shares.touch_key as touch_key,
    shares.attribution_model as attribution_model,
    touches.person_key as person_key,
    touches.touch_kind as touch_kind,
    touches.campaign_key as campaign_key,
    touches.marketing_channel as marketing_channel,
    touches.touch_date as touch_date,
    touches.order_date as order_date,
    touches.is_first_order as is_first_order,
    touches.touch_position as touch_position,
    touches.touch_count as touch_count,
    shares.credit as credit,
    {{ shop_currency() }} as currency_code,
    cast(shares.net_sales_amount as {{ type_money() }}) as net_sales_amount
from shares
inner join touches
    on shares.order_key = touches.order_key
    and shares.touch_key = touches.touch_key
union all
select
    single.order_key as order_key,
    single.touch_key as touch_key,
    single.attribution_model as attribution_model,
    single.person_key as person_key,
    single.touch_kind as touch_kind,
    single.campaign_key as campaign_key,
    single.marketing_channel as marketing_channel,
    single.touch_date as touch_date,
    single.order_date as order_date,
    single.is_first_order as is_first_order,
    single.touch_position as touch_position,
    single.touch_count as touch_count,
    cast(1 as decimal(18, 8)) as credit,
    {{ shop_currency() }} as currency_code,
    cast(coalesce(sales.net_sales_amount, 0) as {{ type_money() }}) as net_sales_amount
from single
left join sales
    on single.order_key = sales.order_key
