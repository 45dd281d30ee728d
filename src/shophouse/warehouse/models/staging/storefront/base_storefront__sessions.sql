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
    {{ text_or_null('session_id') }} as session_id,
    {{ text_or_null('visitor_id') }} as visitor_id,
    user_id,
    {{ to_utc('started_at', source_timezone('storefront')) }} as started_at,
    {{ text_or_null('landing_url') }} as landing_url,
    {{ text_or_null('referrer') }} as referrer,
    {{ text_or_null('utm_source') }} as utm_source,
    {{ text_or_null('utm_medium') }} as utm_medium,
    {{ text_or_null('utm_campaign') }} as utm_campaign,
    {{ text_or_null('utm_content') }} as utm_content,
    {{ text_or_null('utm_term') }} as utm_term,
    {{ text_or_null('click_id') }} as click_id,
    {{ text_or_null('device') }} as device,
    {{ text_or_null('country_code') }} as country_code,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from received
