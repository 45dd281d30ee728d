-- One row per day from the first to the last day of the data, days without sales too. Amounts by the day on which money moved (the event book), orders by the
-- day on which they were placed. Year ago is 364 days earlier, the same weekday; the to-date columns of a year ago compare with the same calendar day.
-- What the data don't reach back to is null, not 0.
with

sales as (
    select
        event_date,
        gross_amount,
        discount_amount,
        return_amount,
        cancellation_amount,
        net_sales_amount,
        total_sales_amount
    from {{ ref('sales_by_day') }}
),

orders as (
    select
        order_date,
        order_count,
        new_customer_count,
        returning_order_count
    from {{ ref('orders_by_day') }}
),

targets as (
    select
        target_date,
        day_target_value
    from {{ ref('fct_targets_daily') }}
    where target_metric = 'net_sales_amount'
        and is_of_the_day
),

calendar as (
    select
        date_day,
        day_of_week,
        day_name
    from {{ ref('dim_date') }}
),

stacked as (
    {{ sales_and_orders(
        'event_date',
        keys=[],
        counts=['order_count', 'new_customer_count', 'returning_order_count'],
        amounts=['gross_amount', 'discount_amount', 'return_amount', 'cancellation_amount', 'net_sales_amount', 'total_sales_amount']
    ) }}
),

bounds as (
    select
        min(stacked.date_day) as first_day,
        max(stacked.date_day) as last_day
    from stacked
),

gaps as (
    select
        calendar.date_day as date_day,
        cast(0 as bigint) as order_count,
        cast(0 as bigint) as new_customer_count,
        cast(0 as bigint) as returning_order_count,
        cast(0 as {{ type_money_sum() }}) as gross_amount,
        cast(0 as {{ type_money_sum() }}) as discount_amount,
        cast(0 as {{ type_money_sum() }}) as return_amount,
        cast(0 as {{ type_money_sum() }}) as cancellation_amount,
        cast(0 as {{ type_money_sum() }}) as net_sales_amount,
        cast(0 as {{ type_money_sum() }}) as total_sales_amount
    from calendar
    inner join bounds
        on calendar.date_day between bounds.first_day and bounds.last_day
),

filled as (
    select
        date_day,
        order_count,
        new_customer_count,
        returning_order_count,
        gross_amount,
        discount_amount,
        return_amount,
        cancellation_amount,
        net_sales_amount,
        total_sales_amount
    from stacked
    union all
    select
        date_day,
        order_count,
        new_customer_count,
        returning_order_count,
        gross_amount,
        discount_amount,
        return_amount,
        cancellation_amount,
        net_sales_amount,
        total_sales_amount
    from gaps
),

summed as (
    select
        filled.date_day as date_day,
        {{ date_trunc_date('month', 'filled.date_day') }} as month_start_date,
        {{ date_trunc_date('quarter', 'filled.date_day') }} as quarter_start_date,
        {{ date_trunc_date('year', 'filled.date_day') }} as year_start_date,
        {{ sum_count('filled.order_count') }} as order_count,
        {{ sum_count('filled.new_customer_count') }} as new_customer_count,
        {{ sum_count('filled.returning_order_count') }} as returning_order_count,
        {{ sum_money('filled.gross_amount') }} as gross_amount,
        {{ sum_money('-filled.discount_amount') }} as discount_amount,
        {{ sum_money('-filled.return_amount') }} as return_amount,
        {{ sum_money('-filled.cancellation_amount') }} as cancellation_amount,
        {{ sum_money('filled.net_sales_amount') }} as net_sales_amount,
        {{ sum_money('filled.total_sales_amount') }} as total_sales_amount
    from filled
    group by filled.date_day
),

windowed as (
    select
        summed.date_day as date_day,
        summed.order_count as order_count,
        summed.new_customer_count as new_customer_count,
        summed.returning_order_count as returning_order_count,
        summed.gross_amount as gross_amount,
        summed.discount_amount as discount_amount,
        summed.return_amount as return_amount,
        summed.cancellation_amount as cancellation_amount,
        summed.net_sales_amount as net_sales_amount,
        summed.total_sales_amount as total_sales_amount,
        {%- for period in ['month', 'quarter', 'year'] %}
        cast(
            sum(summed.net_sales_amount) over (
                partition by summed.{{ period }}_start_date
                order by summed.date_day
                rows between unbounded preceding and current row
            ) as {{ type_money_sum() }}
        ) as {{ period }}_to_date_net_sales_amount,
        cast(
            sum(summed.order_count) over (
                partition by summed.{{ period }}_start_date
                order by summed.date_day
                rows between unbounded preceding and current row
            ) as bigint
        ) as {{ period }}_to_date_order_count,
        {%- endfor %}
        {%- for length in [7, 28, 90] %}
        cast(
            sum(summed.net_sales_amount) over (
                order by summed.date_day
                rows between {{ length - 1 }} preceding and current row
            ) as {{ type_money_sum() }}
        ) as trailing_{{ length }}_days_net_sales_amount,
        cast(
            sum(summed.order_count) over (
                order by summed.date_day
                rows between {{ length - 1 }} preceding and current row
            ) as bigint
        ) as trailing_{{ length }}_days_order_count,
        {%- endfor %}
        {%- for period in ['month', 'quarter', 'year'] %}
        min(summed.date_day) over () <= summed.{{ period }}_start_date as has_whole_{{ period }},
        {%- endfor %}
        row_number() over (order by summed.date_day) as day_number
    from summed
),

final as (
    select
        windowed.date_day as date_day,
        calendar.day_of_week as day_of_week,
        calendar.day_name as day_name,
        cast({{ shop_currency() }} as {{ type_text() }}) as currency_code,
        windowed.order_count as order_count,
        windowed.new_customer_count as new_customer_count,
        windowed.returning_order_count as returning_order_count,
        windowed.gross_amount as gross_amount,
        windowed.discount_amount as discount_amount,
        windowed.return_amount as return_amount,
        windowed.cancellation_amount as cancellation_amount,
        windowed.net_sales_amount as net_sales_amount,
        windowed.total_sales_amount as total_sales_amount,
        {{ money_per('windowed.net_sales_amount', 'windowed.order_count') }} as average_order_amount,
        yesterday.net_sales_amount as previous_day_net_sales_amount,
        yesterday.order_count as previous_day_order_count,
        {{ growth('windowed.net_sales_amount', 'yesterday.net_sales_amount') }} as previous_day_growth_rate,
        week_ago.net_sales_amount as week_ago_net_sales_amount,
        week_ago.order_count as week_ago_order_count,
        {{ growth('windowed.net_sales_amount', 'week_ago.net_sales_amount') }} as week_ago_growth_rate,
        {{ add_days('windowed.date_day', -364) }} as year_ago_date,
        year_ago.net_sales_amount as year_ago_net_sales_amount,
        year_ago.order_count as year_ago_order_count,
        year_ago.new_customer_count as year_ago_new_customer_count,
        {{ growth('windowed.net_sales_amount', 'year_ago.net_sales_amount') }} as year_ago_growth_rate,
        {%- for period in ['month', 'quarter', 'year'] %}
        windowed.{{ period }}_to_date_net_sales_amount as {{ period }}_to_date_net_sales_amount,
        windowed.{{ period }}_to_date_order_count as {{ period }}_to_date_order_count,
        {%- set year_ago_amount = 'case when calendar_year_ago.has_whole_' ~ period ~ ' then calendar_year_ago.' ~ period ~ '_to_date_net_sales_amount end' %}
        {{ year_ago_amount }} as year_ago_{{ period }}_to_date_net_sales_amount,
        {{ growth('windowed.' ~ period ~ '_to_date_net_sales_amount', '(' ~ year_ago_amount ~ ')') }} as {{ period }}_to_date_growth_rate,
        {%- endfor %}
        {%- for length in [7, 28, 90] %}
        windowed.trailing_{{ length }}_days_net_sales_amount as trailing_{{ length }}_days_net_sales_amount,
        windowed.trailing_{{ length }}_days_order_count as trailing_{{ length }}_days_order_count,
        before_{{ length }}.trailing_{{ length }}_days_net_sales_amount as previous_{{ length }}_days_net_sales_amount,
        {{ growth(
            'windowed.trailing_' ~ length ~ '_days_net_sales_amount',
            'before_' ~ length ~ '.trailing_' ~ length ~ '_days_net_sales_amount'
        ) }} as trailing_{{ length }}_days_growth_rate,
        {%- endfor %}
        cast(targets.day_target_value as {{ type_money_sum() }}) as target_value
    from windowed
    left join calendar
        on windowed.date_day = calendar.date_day
    left join targets
        on windowed.date_day = targets.target_date
    left join windowed as yesterday
        on {{ add_days('windowed.date_day', -1) }} = yesterday.date_day
    left join windowed as week_ago
        on {{ add_days('windowed.date_day', -7) }} = week_ago.date_day
    left join windowed as year_ago
        on {{ add_days('windowed.date_day', -364) }} = year_ago.date_day
    left join windowed as calendar_year_ago
        on {{ add_months('windowed.date_day', -12) }} = calendar_year_ago.date_day
    {%- for length in [7, 28, 90] %}
    left join windowed as before_{{ length }}
        on {{ add_days('windowed.date_day', -length) }} = before_{{ length }}.date_day
        and before_{{ length }}.day_number >= {{ length }}
    {%- endfor %}
)

select
    date_day,
    day_of_week,
    day_name,
    currency_code,
    order_count,
    new_customer_count,
    returning_order_count,
    gross_amount,
    discount_amount,
    return_amount,
    cancellation_amount,
    net_sales_amount,
    total_sales_amount,
    average_order_amount,
    previous_day_net_sales_amount,
    previous_day_order_count,
    previous_day_growth_rate,
    week_ago_net_sales_amount,
    week_ago_order_count,
    week_ago_growth_rate,
    year_ago_date,
    year_ago_net_sales_amount,
    year_ago_order_count,
    year_ago_new_customer_count,
    year_ago_growth_rate,
    {%- for period in ['month', 'quarter', 'year'] %}
    {{ period }}_to_date_net_sales_amount,
    {{ period }}_to_date_order_count,
    year_ago_{{ period }}_to_date_net_sales_amount,
    {{ period }}_to_date_growth_rate,
    {%- endfor %}
    {%- for length in [7, 28, 90] %}
    trailing_{{ length }}_days_net_sales_amount,
    trailing_{{ length }}_days_order_count,
    previous_{{ length }}_days_net_sales_amount,
    trailing_{{ length }}_days_growth_rate,
    {%- endfor %}
    target_value
from final
