-- One row per day from 1990 to 2049, with ISO weeks, the fiscal year, the 4-4-5 calendar of retail, and the holidays of the shop's country.
{%- set first_month = shop_setting('calendar', 'fiscal_year_starts_in_month') %}

with

digits as (
    select cast(digit as integer) as digit
    from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as listed (digit)
),

offsets as (
    select
        ten_thousands.digit * 10000
        + thousands.digit * 1000
        + hundreds.digit * 100
        + tens.digit * 10
        + ones.digit as day_offset
    from digits as ten_thousands
    cross join digits as thousands
    cross join digits as hundreds
    cross join digits as tens
    cross join digits as ones
    where ten_thousands.digit < 3
),

days as (
    select {{ add_days("cast('1990-01-01' as date)", 'offsets.day_offset') }} as date_day
    from offsets
    where offsets.day_offset < 21915
),

parts as (
    select
        days.date_day as date_day,
        cast(extract(year from days.date_day) as integer) as year_number,
        cast(extract(quarter from days.date_day) as integer) as quarter_of_year,
        cast(extract(month from days.date_day) as integer) as month_of_year,
        cast(extract(day from days.date_day) as integer) as day_of_month,
        {{ iso_dow('days.date_day') }} as day_of_week,
        {{ date_trunc_date('week', 'days.date_day') }} as week_start_date,
        {{ date_trunc_date('month', 'days.date_day') }} as month_start_date,
        {{ date_trunc_date('quarter', 'days.date_day') }} as quarter_start_date,
        {{ date_trunc_date('year', 'days.date_day') }} as year_start_date
    from days
),

weeks as (
    select
        parts.date_day as date_day,
        parts.year_number as year_number,
        parts.quarter_of_year as quarter_of_year,
        parts.month_of_year as month_of_year,
        parts.day_of_month as day_of_month,
        parts.day_of_week as day_of_week,
        parts.week_start_date as week_start_date,
        parts.month_start_date as month_start_date,
        parts.quarter_start_date as quarter_start_date,
        parts.year_start_date as year_start_date,
        cast(extract(year from {{ add_days('parts.week_start_date', 3) }}) as integer) as iso_year,
        {{ date_trunc_date('year', add_days('parts.week_start_date', 3)) }} as iso_year_day
    from parts
),

-- The 4-4-5 year begins on the Monday that is nearest to the first day of the fiscal year.
anchors as (
    select
        weeks.date_day as date_day,
        weeks.year_number as year_number,
        {{ date_trunc_date('week', add_days(add_months('weeks.year_start_date', first_month ~ ' - 13'), 3)) }} as start_before,
        {{ date_trunc_date('week', add_days(add_months('weeks.year_start_date', first_month ~ ' - 1'), 3)) }} as start_here,
        {{ date_trunc_date('week', add_days(add_months('weeks.year_start_date', first_month ~ ' + 11'), 3)) }} as start_after
    from weeks
),

retail_years as (
    select
        date_day,
        case
            when date_day >= start_after then year_number + 1
            when date_day >= start_here then year_number
            else year_number - 1
        end as retail_year,
        case
            when date_day >= start_after then start_after
            when date_day >= start_here then start_here
            else start_before
        end as retail_year_start_date
    from anchors
),

retail_weeks as (
    select
        date_day,
        retail_year,
        retail_year_start_date,
        cast({{ whole_quotient(days('retail_year_start_date', 'date_day'), '7') }} + 1 as integer) as retail_week
    from retail_years
),

-- Quarters have 13 weeks; a 53rd belongs to the last one.
retail_quarters as (
    select
        date_day,
        retail_year,
        retail_year_start_date,
        retail_week,
        case when retail_week > 39 then 4 when retail_week > 26 then 3 when retail_week > 13 then 2 else 1 end as retail_quarter
    from retail_weeks
),

retail as (
    select
        date_day,
        retail_year,
        retail_year_start_date,
        retail_quarter,
        retail_week,
        (retail_quarter - 1) * 3 + case
            when retail_week - (retail_quarter - 1) * 13 <= 4 then 1
            when retail_week - (retail_quarter - 1) * 13 <= 8 then 2
            else 3
        end as retail_period
    from retail_quarters
),

holidays as (
    select
        holiday_date,
        min(holiday_name) as holiday_name
    from {{ ref('holidays') }}
    where country_code = '{{ shop_setting('calendar', 'holidays') or 'none' }}'
    group by holiday_date
),

final as (
    select
        weeks.date_day as date_day,
        cast(weeks.year_number * 10000 + weeks.month_of_year * 100 + weeks.day_of_month as integer) as date_key,
        weeks.year_number as year_number,
        weeks.quarter_of_year as quarter_of_year,
        weeks.month_of_year as month_of_year,
        weeks.day_of_month as day_of_month,
        cast({{ days('weeks.year_start_date', 'weeks.date_day') }} + 1 as integer) as day_of_year,
        weeks.day_of_week as day_of_week,
        case weeks.day_of_week
            when 1 then 'Monday'
            when 2 then 'Tuesday'
            when 3 then 'Wednesday'
            when 4 then 'Thursday'
            when 5 then 'Friday'
            when 6 then 'Saturday'
            else 'Sunday'
        end as day_name,
        weeks.day_of_week >= 6 as is_weekend,
        weeks.iso_year as iso_year,
        cast({{ whole_quotient(days('weeks.iso_year_day', add_days('weeks.week_start_date', 3)), '7') }} + 1 as integer) as iso_week,
        weeks.week_start_date as week_start_date,
        weeks.month_start_date as month_start_date,
        weeks.quarter_start_date as quarter_start_date,
        weeks.year_start_date as year_start_date,
        {{ add_days(add_months('weeks.month_start_date', 1), -1) }} as month_end_date,
        case
            when weeks.month_of_year >= {{ first_month }} and {{ first_month }} > 1
                then weeks.year_number + 1
            else weeks.year_number
        end as fiscal_year,
        cast(mod(weeks.month_of_year - {{ first_month }} + 12, 12) + 1 as integer) as fiscal_month,
        case when {{ first_month }} > 1 then retail.retail_year + 1 else retail.retail_year end as retail_year,
        retail.retail_quarter as retail_quarter,
        retail.retail_period as retail_period,
        retail.retail_week as retail_week,
        retail.retail_year_start_date as retail_year_start_date,
        holidays.holiday_name as holiday_name
    from weeks
    inner join retail
        on weeks.date_day = retail.date_day
    left join holidays
        on weeks.date_day = holidays.holiday_date
)

select
    date_day,
    date_key,
    year_number,
    quarter_of_year,
    month_of_year,
    day_of_month,
    day_of_year,
    day_of_week,
    day_name,
    is_weekend,
    iso_year,
    iso_week,
    week_start_date,
    month_start_date,
    quarter_start_date,
    year_start_date,
    month_end_date,
    fiscal_year,
    fiscal_month,
    cast({{ whole_quotient('fiscal_month - 1', '3') }} + 1 as integer) as fiscal_quarter,
    cast(retail_year as integer) as retail_year,
    cast(retail_quarter as integer) as retail_quarter,
    cast(retail_period as integer) as retail_period,
    retail_week,
    retail_year_start_date,
    holiday_name is not null as is_holiday,
    holiday_name,
    not is_weekend and holiday_name is null as is_working_day
from final
