-- One row per day of UTC and time zone of the shop and its stores: by how much its clocks are ahead. Internal: what conversions share.
with

zones as (
    select stores.timezone as timezone
    from {{ ref('input_stores') }} as stores
    where stores.timezone is not null
    union
    select {{ shop_timezone() }} as timezone
),

midnights as (
    select
        zones.timezone as timezone,
        calendar.date_day as utc_date,
        {{ seconds_between(
            'cast(calendar.date_day as ' ~ type_timestamp() ~ ')', to_local('cast(calendar.date_day as ' ~ type_timestamp() ~ ')', 'zones.timezone')
        ) }} as offset_seconds
    from {{ ref('dim_date') }} as calendar
    cross join zones
),

days as (
    select
        midnights.timezone as timezone,
        midnights.utc_date as utc_date,
        midnights.offset_seconds as offset_seconds,
        lead(midnights.offset_seconds) over (partition by midnights.timezone order by midnights.utc_date) as next_offset_seconds
    from midnights
)

select
    days.timezone as timezone,
    days.utc_date as utc_date,
    case
        when days.offset_seconds = days.next_offset_seconds then days.offset_seconds
    end as offset_seconds
from days
