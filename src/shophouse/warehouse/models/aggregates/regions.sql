-- One row per country and state that a place is in, with their names: the reference's, else the longest that a source has.
with

places as (
    select
        {{ region_code('country_code', 'country') }} as country_code,
        country,
        {{ region_code('state_code', 'state') }} as state_code,
        state
    from {{ ref('dim_geography') }}
),

known_countries as (
    select
        country_code,
        country
    from {{ ref('countries') }}
),

known_states as (
    select
        country_code,
        state_code,
        state
    from {{ ref('states') }}
),

ranked as (
    select
        named.country_code as country_code,
        named.state_code as state_code,
        named.country as country,
        named.state as state,
        row_number() over (
            partition by named.country_code, named.state_code
            order by length(named.state) desc, length(named.country) desc, named.state, named.country
        ) as name_rank
    from (
        select distinct
            places.country_code as country_code,
            places.state_code as state_code,
            places.country as country,
            places.state as state
        from places
    ) as named
),

final as (
    select
        ranked.country_code as country_code,
        coalesce(known_countries.country, ranked.country) as country,
        ranked.state_code as state_code,
        coalesce(known_states.state, ranked.state) as state
    from ranked
    left join known_countries
        on ranked.country_code = known_countries.country_code
    left join known_states
        on ranked.country_code = known_states.country_code
        and ranked.state_code = known_states.state_code
    where ranked.name_rank = 1
)

select
    country_code,
    country,
    state_code,
    state
from final
