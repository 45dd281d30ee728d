-- One row per place whose country or state, as sums are grouped by it, is another than it was before this run. Of runs that came to no end all are kept
-- until one does, for then dim_geography may have the new ones already. Empty in a full run.
{{ config(tags=['changes']) }}
{%- set before = as_built('core', 'dim_geography') %}

with

watermark as (
    {{ watermark() }}
),

places as (
    select
        {{ surrogate_key(['source', 'geography_id']) }} as geography_key,
        {{ region_code('country_code', 'country') }} as country_code,
        {{ region_code('state_code', 'state') }} as state_code
    from {{ ref('input_geography') }}
),
{% if before %}
places_before as (
    select
        geography_key,
        {{ region_code('country_code', 'country') }} as country_code,
        {{ region_code('state_code', 'state') }} as state_code
    from {{ before }}
),
{% endif %}
changed as (
    select places.geography_key as geography_key
    from places
    where 1 = 0
    {%- if before %}
    union
    select places_before.geography_key as geography_key
    from places_before
    left join places
        on places_before.geography_key = places.geography_key
    where places_before.country_code <> coalesce(places.country_code, 'unknown')
        or places_before.state_code <> coalesce(places.state_code, 'unknown')
    {%- endif %}
    {{- union_unfinished(['geography_key']) }}
)

select
    changed.geography_key as geography_key,
    watermark.load_sum as load_sum
from changed
cross join watermark
where {{ passes_changes_on() }}
