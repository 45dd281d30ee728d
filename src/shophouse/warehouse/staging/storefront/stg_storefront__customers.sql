
  
  create view "shop"."staging"."stg_storefront__customers__dbt_tmp" as (
    -- One row per account and version.


with

users as (
    select
        source,
        user_id,
        email,
        phone,
        first_name,
        last_name,
        city,
        state,
        postal_code,
        country_code,
        accepts_marketing,
        is_guest,
        created_at,
        updated_at,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from "shop"."staging"."base_storefront__users"
)

select
    source,
    cast(user_id as varchar) as customer_id,
    created_at,
    email,
    phone,
    first_name,
    last_name,
    accepts_marketing,
    is_guest,
    case when coalesce(upper(country_code), state, postal_code, city) is not null then coalesce(upper(country_code), '') || '|' || coalesce(state, '') || '|' || coalesce(postal_code, '') || '|' || coalesce(city, '') end as geography_id,
    updated_at,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from users
  );
