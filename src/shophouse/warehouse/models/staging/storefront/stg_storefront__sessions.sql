-- One row per visit.
{{ config(enabled=uses_platform('storefront')) }}

with

sessions as (
    select
        source,
        session_id,
        visitor_id,
        user_id,
        started_at,
        landing_url,
        referrer,
        utm_source,
        utm_medium,
        utm_campaign,
        utm_content,
        utm_term,
        click_id,
        device,
        country_code,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_storefront__sessions') }}
)

select
    source,
    session_id,
    visitor_id,
    started_at,
    cast(user_id as varchar) as customer_id,
    landing_url,
    referrer,
    lower(utm_source) as utm_source,
    lower(utm_medium) as utm_medium,
    utm_campaign,
    utm_content,
    utm_term,
    click_id,
    lower(device) as device,
    upper(country_code) as country_code,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from sessions
