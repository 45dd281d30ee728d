
  
  create view "shop"."staging"."stg_online_retail__geography__dbt_tmp" as (
    -- One row per country, load and file.


with

invoice_lines as (
    select
        source,
        country,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from "shop"."staging"."stg_online_retail__invoice_lines"
    where country is not null
)

select
    source,
    country as geography_id,
    country,
    _load_id,
    _loaded_at,
    _source_file,
    min(_row_number) as _row_number,
    'insert' as _operation
from invoice_lines
group by
    source,
    country,
    _load_id,
    _loaded_at,
    _source_file
  );
