-- One row per sale.
{{ config(enabled=uses_platform('grocery')) }}

with

sales as (
    select
        source,
        sale_id,
        product_id,
        quantity,
        discount_rate,
        total_price,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('base_grocery__sales') }}
),

products as (
    select
        source,
        product_id,
        price,
        row_number() over (
            partition by source, product_id
            order by _load_id desc, _source_file desc, _row_number desc
        ) as newest
    from {{ ref('base_grocery__products') }}
),

priced as (
    select
        sales.source as source,
        sales.sale_id as sale_id,
        sales.product_id as product_id,
        sales.quantity as quantity,
        coalesce(sales.discount_rate, 0) as discount_rate,
        sales.total_price as total_price,
        coalesce(sales.total_price, 0) <> 0 and coalesce(sales.discount_rate, 0) < 1 and sales.quantity <> 0 as has_total,
        products.price as price,
        sales._load_id as _load_id,
        sales._loaded_at as _loaded_at,
        sales._source_file as _source_file,
        sales._row_number as _row_number,
        sales._operation as _operation
    from sales
    left join products
        on sales.source = products.source
        and sales.product_id = products.product_id
        and products.newest = 1
),

lines as (
    select
        source,
        sale_id,
        product_id,
        quantity,
        discount_rate,
        total_price,
        has_total,
        case
            when has_total then {{ money_per('total_price', 'quantity * (1 - discount_rate)') }}
            else price
        end as unit_price,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from priced
)

select
    source,
    cast(sale_id as varchar) as order_id,
    1 as line_number,
    cast(product_id as varchar) as product_id,
    quantity,
    cast(unit_price as decimal(18, 4)) as unit_price,
    cast(
        case
            when has_total then quantity * unit_price - total_price
            else round(quantity * unit_price * discount_rate, 2)
        end as decimal(18, 4)
    ) as discount_amount,
    _load_id,
    _loaded_at,
    _source_file,
    _row_number,
    _operation
from lines
