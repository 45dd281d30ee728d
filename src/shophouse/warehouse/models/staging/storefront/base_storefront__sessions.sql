-- One row per visit: every row as received.
{{ config(enabled=uses_platform('storefront')) }}

with

received as (
    select
        _source,
        _timezone,
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
    from {{ source('storefront', 'sessions') }}
)

select
    _source as source,
    nullif(trim(session_id), '') as session_id,
    nullif(trim(visitor_id), '') as visitor_id,
    user_id,
    {{ to_utc('started_at', source_timezone('storefront')) }} as started_at,
    nullif(trim(landing_url), '') as landing_url,
    nullif(trim(referrer), '') as referrer,
    nullif(trim(utm_source), '') as utm_source,
    nullif(trim(utm_medium), '') as utm_medium,
    nullif(trim(utm_campaign), '') as utm_campaign,
    nullif(trim(utm_content), '') as utm_content,
    nullif(trim(utm_term), '') as utm_term,
    nullif(trim(click_id), '') as click_id,
    nullif(trim(device), '') as device,
    nullif(trim(country_code), '') as country_code,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
