-- One row per valid order and touch of its person before it, within the look-back, with the touch's weight in each attribution model.
-- Internal: what the credits are made of. Weights are whole numbers; a touch without weight in a model has 0.
with

touches as (
    select
        session_key as touch_key,
        'visit' as touch_kind,
        person_key,
        campaign_key,
        marketing_channel,
        is_paid,
        is_direct,
        started_at as touched_at,
        session_date as touch_date
    from {{ ref('fct_sessions') }}
    where person_key <> {{ unknown_key() }}
    union all
    select
        touch_key,
        touch_kind,
        person_key,
        campaign_key,
        marketing_channel,
        is_paid,
        is_direct,
        touched_at,
        touch_date
    from {{ ref('fct_touchpoints') }}
    where person_key <> {{ unknown_key() }}
        and {% if shop_setting('attribution', 'impressions') %}1 = 1{% else %}touch_kind = 'click'{% endif %}
),

orders as (
    select
        order_key,
        person_key,
        ordered_at,
        order_date,
        currency_code,
        is_first_order
    from {{ ref('fct_orders') }}
    where is_valid
),

before as (
    select
        orders.order_key as order_key,
        orders.person_key as person_key,
        orders.ordered_at as ordered_at,
        orders.order_date as order_date,
        orders.currency_code as currency_code,
        orders.is_first_order as is_first_order,
        touches.touch_key as touch_key,
        touches.touch_kind as touch_kind,
        touches.campaign_key as campaign_key,
        touches.marketing_channel as marketing_channel,
        touches.is_paid as is_paid,
        touches.is_direct as is_direct,
        touches.touched_at as touched_at,
        touches.touch_date as touch_date
    from orders
    inner join touches
        on orders.person_key = touches.person_key
        and touches.touched_at < orders.ordered_at
        and touches.touched_at >= {{ add_days_at('orders.ordered_at', '-' ~ shop_setting('attribution', 'lookback_days')) }}
),

ranked as (
    select
        before.order_key as order_key,
        before.person_key as person_key,
        before.ordered_at as ordered_at,
        before.order_date as order_date,
        before.currency_code as currency_code,
        before.is_first_order as is_first_order,
        before.touch_key as touch_key,
        before.touch_kind as touch_kind,
        before.campaign_key as campaign_key,
        before.marketing_channel as marketing_channel,
        before.is_paid as is_paid,
        before.is_direct as is_direct,
        before.touched_at as touched_at,
        before.touch_date as touch_date,
        count(*) over (partition by before.order_key) as touch_count,
        row_number() over (partition by before.order_key order by before.touched_at, before.touch_key) as touch_position,
        max(before.touched_at) over (partition by before.order_key) as last_touched_at,
        row_number() over (
            partition by before.order_key
            order by case when before.is_direct then 1 else 0 end, before.touched_at, before.touch_key
        ) as sent_position,
        row_number() over (
            partition by before.order_key
            order by case when before.is_direct then 1 else 0 end, before.touched_at desc, before.touch_key desc
        ) as sent_position_back,
        row_number() over (
            partition by before.order_key
            order by case when before.is_paid then 0 else 1 end, before.touched_at, before.touch_key
        ) as paid_position,
        row_number() over (
            partition by before.order_key
            order by case when before.is_paid then 0 else 1 end, before.touched_at desc, before.touch_key desc
        ) as paid_position_back
    from before
)

select
    order_key,
    touch_key,
    person_key,
    touch_kind,
    campaign_key,
    marketing_channel,
    is_paid,
    is_direct,
    touched_at,
    touch_date,
    ordered_at,
    order_date,
    currency_code,
    is_first_order,
    cast(touch_position as integer) as touch_position,
    cast(touch_count as integer) as touch_count,
    case when touch_position = 1 then 1 else 0 end as first_any_weight,
    case when sent_position = 1 then 1 else 0 end as first_non_direct_weight,
    case when paid_position = 1 and is_paid then 1 else 0 end as first_paid_weight,
    case when touch_position = touch_count then 1 else 0 end as last_any_weight,
    case when sent_position_back = 1 then 1 else 0 end as last_non_direct_weight,
    case when paid_position_back = 1 and is_paid then 1 else 0 end as last_paid_weight,
    1 as linear_weight,
    cast(
        case
            when touch_count <= 2 then 1
            when touch_position in (1, touch_count) then {{ shop_setting('attribution', 'ends_percent') }} * (touch_count - 2)
            else 100 - 2 * {{ shop_setting('attribution', 'ends_percent') }}
        end as integer
    ) as position_based_weight,
    -- The half-lives before the last touch, not before the order: the shares are the same, and the last touch never has no weight.
    cast(
        floor(
            1048576 * power(
                cast(0.5 as double precision),
                {{ ratio(seconds_between('touched_at', 'last_touched_at'), shop_setting('attribution', 'half_life_days') ~ ' * 86400') }}
            )
        ) as integer
    ) as time_decay_weight
from ranked
