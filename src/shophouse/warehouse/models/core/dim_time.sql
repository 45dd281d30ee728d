-- One row per minute of the day.
with

digits as (
    select cast(digit as integer) as digit
    from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as listed (digit)
),

minutes as (
    select thousands.digit * 1000 + hundreds.digit * 100 + tens.digit * 10 + ones.digit as minute_of_day
    from digits as thousands
    cross join digits as hundreds
    cross join digits as tens
    cross join digits as ones
    where thousands.digit * 1000 + hundreds.digit * 100 + tens.digit * 10 + ones.digit < 1440
),

final as (
    select
        minutes.minute_of_day as time_key,
        cast({{ whole_quotient('minutes.minute_of_day', '60') }} as integer) as hour_of_day,
        cast(mod(minutes.minute_of_day, 60) as integer) as minute_of_hour
    from minutes
)

select
    final.time_key as time_key,
    final.hour_of_day as hour_of_day,
    final.minute_of_hour as minute_of_hour,
    case
        when final.hour_of_day < 6 then 'night'
        when final.hour_of_day < 12 then 'morning'
        when final.hour_of_day < 18 then 'afternoon'
        else 'evening'
    end as day_part
from final
