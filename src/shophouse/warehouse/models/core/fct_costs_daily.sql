-- One row per cost rule and day of its validity, up to the last day on which an order was placed, cancelled or refunded.
-- A month's amount is spread over its days so that they sum to it.
with

rules as (
    select
        source,
        cost_id,
        lower({{ trimmed('kind') }}) as cost_kind,
        basis,
        amount,
        valid_from,
        valid_to,
        lower({{ text_or_null('scope') }}) as scope
    from {{ ref('input_costs') }}
),

kinds as (
    select
        cost_kind,
        profit_and_loss_line
    from {{ ref('cost_kinds') }}
),

money_days as (
    select max(order_date) as last_date
    from {{ ref('fct_orders') }}
    union all
    select max(cancelled_date) as last_date
    from {{ ref('fct_orders') }}
    union all
    select max(refunded_date) as last_date
    from {{ ref('fct_refunds') }}
),

last_day as (
    select max(last_date) as last_date
    from money_days
),

currencies as (
    select cast(case minor_units when 0 then 1 when 3 then 1000 when 4 then 10000 else 100 end as integer) as scale
    from {{ ref('currencies') }}
    where code = {{ shop_currency() }}
),

calendar as (
    select
        date_day,
        day_of_month,
        month_end_date
    from {{ ref('dim_date') }}
),

days as (
    select
        rules.source as source,
        rules.cost_id as cost_id,
        rules.cost_kind as cost_kind,
        coalesce(kinds.profit_and_loss_line, 'overhead') as profit_and_loss_line,
        rules.basis as basis,
        rules.scope as scope,
        rules.amount as amount,
        calendar.date_day as cost_date,
        calendar.day_of_month as day_of_month,
        {{ days('calendar.date_day', 'calendar.month_end_date') }} + calendar.day_of_month as days_in_month,
        cast(floor(rules.amount * currencies.scale) as bigint) as whole_units,
        currencies.scale as scale
    from rules
    cross join last_day
    cross join currencies
    inner join calendar
        on calendar.date_day between rules.valid_from and last_day.last_date
        and (rules.valid_to is null or calendar.date_day <= rules.valid_to)
    left join kinds
        on rules.cost_kind = kinds.cost_kind
)

select
    {{ surrogate_key(['source', 'cost_id']) }} as cost_key,
    cost_date,
    source,
    cost_id,
    cost_kind,
    profit_and_loss_line,
    basis,
    scope,
    amount,
    cast(
        case
            when basis <> 'period' then 0
            else {{ money_per(
                whole_quotient('whole_units * day_of_month', 'days_in_month') ~ ' - ' ~ whole_quotient('whole_units * (day_of_month - 1)', 'days_in_month'), 'scale'
            ) }}
                + case when day_of_month = 1 then amount - {{ money_per('whole_units', 'scale') }} else 0 end
        end as {{ type_money() }}
    ) as period_amount,
    {{ shop_currency() }} as currency_code
from days
