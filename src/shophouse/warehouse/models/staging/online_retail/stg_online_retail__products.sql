-- One row per stock code, load and file.
{{ config(enabled=uses_platform('online_retail')) }}

with

invoice_lines as (
    select
        source,
        stock_code,
        description,
        unit_price,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number
    from {{ ref('stg_online_retail__invoice_lines') }}
    where stock_code is not null
),

descriptions as (
    select
        source,
        stock_code,
        description,
        cast(count(*) filter (where unit_price > 0) as bigint) as priced_line_count,
        cast(count(*) as bigint) as line_count,
        min(_row_number) as first_row_number,
        _load_id,
        _loaded_at,
        _source_file
    from invoice_lines
    group by
        source,
        stock_code,
        description,
        _load_id,
        _loaded_at,
        _source_file
),

-- Lines without a price carry the warehouse's notes ("damaged", "?"), not names.
ranked as (
    select
        source,
        stock_code,
        description,
        _load_id,
        _loaded_at,
        _source_file,
        min(first_row_number) over (partition by source, _load_id, _source_file, stock_code) as _row_number,
        row_number() over (
            partition by source, _load_id, _source_file, stock_code
            order by case when description is null then 1 else 0 end, priced_line_count desc nulls last, line_count desc nulls last, description
        ) as description_rank
    from descriptions
)

select
    source,
    stock_code as product_id,
    coalesce(description, stock_code) as product_name,
    stock_code as sku,
    case
        when stock_code in ('POST', 'DOT', 'C2') then 'postage'
        when stock_code in ('AMAZONFEE', 'BANK CHARGES', 'CRUK') then 'fees'
        when stock_code = 'M' then 'manual entries'
        when stock_code = 'D' then 'discounts'
        when stock_code = 'S' then 'samples'
        when stock_code = 'B' then 'bad debt'
        when stock_code like 'GIFT%' then 'gift vouchers'
        else 'goods'
    end as category_id,
    stock_code like 'GIFT%' as is_gift_card,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    'insert' as _operation
from ranked
where description_rank = 1
