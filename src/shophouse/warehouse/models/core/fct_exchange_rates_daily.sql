-- One row per day and currency other than the shop's: what one unit of it is worth in the shop's. Internal: what conversions share.
-- A rate is taken as it is, else turned round, else made of two over a third currency; and it is carried over up to 7 days without one.
with

given as (
    select
        rate_date,
        from_currency,
        to_currency,
        rate
    from {{ ref('input_exchange_rates') }}
    where rate > 0
        and from_currency <> to_currency
),

-- 10^16 ÷ (rate × 10^8), rounded to a whole number, is 10^8 times the rate turned round: exact on every engine.
both_ways as (
    select
        given.rate_date as rate_date,
        given.from_currency as from_currency,
        given.to_currency as to_currency,
        given.rate as rate,
        1 as way
    from given
    union all
    select
        given.rate_date as rate_date,
        given.to_currency as from_currency,
        given.from_currency as to_currency,
        cast(
            cast(
                {{ whole_quotient(
                    'cast(10000000000000000 as bigint) + ' ~ whole_quotient('cast(cast(given.rate as decimal(28, 8)) * 100000000 as bigint)', '2'), 'cast(cast(given.rate as decimal(28, 8)) * 100000000 as bigint)'
                ) }} as decimal(18, 0)
            ) * cast(0.00000001 as decimal(9, 8)) as {{ type_of('rate') }}
        ) as rate,
        2 as way
    from given
),

pairs as (
    select
        both_ways.rate_date as rate_date,
        both_ways.from_currency as from_currency,
        both_ways.to_currency as to_currency,
        both_ways.rate as rate,
        both_ways.way as way,
        row_number() over (
            partition by both_ways.rate_date, both_ways.from_currency, both_ways.to_currency
            order by both_ways.way, both_ways.rate
        ) as pair_rank
    from both_ways
),

known as (
    select
        rate_date,
        from_currency,
        to_currency,
        rate,
        way
    from pairs
    where pair_rank = 1
),

into_shop as (
    select
        known.rate_date as rate_date,
        known.from_currency as from_currency,
        known.rate as rate,
        known.way as way,
        known.to_currency as over_currency
    from known
    where known.to_currency = {{ shop_currency() }}
    union all
    select
        known.rate_date as rate_date,
        known.from_currency as from_currency,
        cast(round(known.rate * onward.rate, 8) as {{ type_of('rate') }}) as rate,
        3 as way,
        known.to_currency as over_currency
    from known
    inner join known as onward
        on known.rate_date = onward.rate_date
        and known.to_currency = onward.from_currency
    where onward.to_currency = {{ shop_currency() }}
        and known.from_currency <> {{ shop_currency() }}
        and known.to_currency <> {{ shop_currency() }}
),

ranked as (
    select
        into_shop.rate_date as rate_date,
        into_shop.from_currency as from_currency,
        into_shop.rate as rate,
        into_shop.way as way,
        row_number() over (
            partition by into_shop.rate_date, into_shop.from_currency
            order by into_shop.way, into_shop.over_currency
        ) as way_rank
    from into_shop
),

chosen as (
    select
        ranked.rate_date as rate_date,
        ranked.from_currency as from_currency,
        ranked.rate as rate,
        ranked.way as way,
        lead(ranked.rate_date) over (partition by ranked.from_currency order by ranked.rate_date) as next_date
    from ranked
    where ranked.way_rank = 1
),

calendar as (
    select date_day
    from {{ ref('dim_date') }}
)

select
    calendar.date_day as rate_date,
    chosen.from_currency as from_currency,
    {{ shop_currency() }} as to_currency,
    chosen.rate as rate,
    chosen.rate_date as given_date,
    case chosen.way when 1 then 'given' when 2 then 'turned round' else 'over a third' end as rate_kind
from chosen
inner join calendar
    on calendar.date_day between chosen.rate_date and {{ add_days('chosen.rate_date', 7) }}
    and (chosen.next_date is null or calendar.date_day < chosen.next_date)
