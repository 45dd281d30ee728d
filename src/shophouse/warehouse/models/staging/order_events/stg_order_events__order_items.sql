-- One row per line of an order, of its newest contents.
{{ config(enabled=uses_platform('order_events')) }}

with

lines as (
    select
        source,
        order_id,
        line_number,
        product_id,
        quantity,
        unit_price,
        discount_amount,
        tax_amount,
        unit_cost,
        seller_id,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('stg_order_events__lines') }}
),

created as (
    select
        source,
        _load_id,
        _source_file,
        _row_number
    from {{ ref('stg_order_events__created_orders') }}
)

select
    lines.source as source,
    lines.order_id as order_id,
    lines.line_number as line_number,
    lines.product_id as product_id,
    lines.quantity as quantity,
    lines.unit_price as unit_price,
    lines.discount_amount as discount_amount,
    lines.tax_amount as tax_amount,
    lines.unit_cost as unit_cost,
    lines.seller_id as seller_id,
    lines._load_id as _load_id,
    lines._loaded_at as _loaded_at,
    lines._source_file as _source_file,
    lines._row_number as _row_number,
    lines._operation as _operation
from lines
inner join created
    on lines.source = created.source
    and lines._load_id = created._load_id
    and lines._source_file = created._source_file
    and lines._row_number = created._row_number
