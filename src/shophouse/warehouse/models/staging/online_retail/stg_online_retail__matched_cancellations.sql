-- One row per cancellation line and version, with the sale that it takes back.
{{ config(enabled=uses_platform('online_retail'), materialized='table') }}

{#- The public file needs three; what is still refused after the last round stays without an order. #}
{%- set rounds = 6 %}

with

invoice_lines as (
    select
        source,
        invoice_number,
        line_number,
        is_cancellation,
        stock_code,
        quantity,
        invoiced_at,
        unit_price,
        customer_id,
        drop_reason,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from {{ ref('stg_online_retail__invoice_lines') }}
),

sales as (
    select
        source,
        invoice_number,
        line_number,
        stock_code,
        quantity,
        invoiced_at,
        unit_price,
        customer_id,
        _load_id,
        _source_file,
        _row_number
    from invoice_lines
    where not is_cancellation
        and drop_reason is null
        and customer_id is not null
        and quantity > 0
),

cancellations as (
    select
        source,
        invoice_number,
        line_number,
        stock_code,
        -quantity as quantity,
        invoiced_at,
        unit_price,
        customer_id,
        drop_reason,
        _load_id,
        _loaded_at,
        _source_file,
        _row_number,
        _operation
    from invoice_lines
    where is_cancellation
),

candidates as (
    select
        cancellations.source as source,
        cancellations._load_id as _load_id,
        cancellations._source_file as _source_file,
        cancellations._row_number as cancellation_row,
        cancellations.quantity as quantity,
        cancellations.invoiced_at as cancelled_at,
        sales._row_number as sale_row,
        sales.quantity as sold_quantity,
        sales.invoiced_at as sold_at
    from cancellations
    inner join sales
        on cancellations.source = sales.source
        and cancellations._load_id = sales._load_id
        and cancellations._source_file = sales._source_file
        and cancellations.customer_id = sales.customer_id
        and cancellations.stock_code = sales.stock_code
        and cancellations.unit_price = sales.unit_price
    where sales.invoiced_at <= cancellations.invoiced_at
        and sales._row_number < cancellations._row_number
        and sales.quantity >= cancellations.quantity
        and cancellations.drop_reason is null
),

refused_0 as (
    select
        source,
        _load_id,
        _source_file,
        cancellation_row,
        sale_row
    from candidates
    where 1 = 0
),

{%- for round in range(1, rounds + 1) %}

offers_{{ round }} as (
    select
        candidates.source as source,
        candidates._load_id as _load_id,
        candidates._source_file as _source_file,
        candidates.cancellation_row as cancellation_row,
        candidates.sale_row as sale_row,
        candidates.quantity as quantity,
        candidates.sold_quantity as sold_quantity,
        candidates.cancelled_at as cancelled_at,
        row_number() over (
            partition by candidates.source, candidates._load_id, candidates._source_file, candidates.cancellation_row
            order by candidates.sold_at desc nulls last, candidates.sale_row desc nulls last
        ) as sale_rank
    from candidates
    left join refused_{{ round - 1 }} as refused
        on candidates.source = refused.source
        and candidates._load_id = refused._load_id
        and candidates._source_file = refused._source_file
        and candidates.cancellation_row = refused.cancellation_row
        and candidates.sale_row = refused.sale_row
    where refused.cancellation_row is null
),

queues_{{ round }} as (
    select
        source,
        _load_id,
        _source_file,
        cancellation_row,
        sale_row,
        quantity,
        sold_quantity,
        sum(quantity) over (
            partition by source, _load_id, _source_file, sale_row
            order by cancelled_at, cancellation_row
            rows between unbounded preceding and current row
        ) as quantity_asked
    from offers_{{ round }}
    where sale_rank = 1
),

refused_{{ round }} as (
    select
        source,
        _load_id,
        _source_file,
        cancellation_row,
        sale_row
    from refused_{{ round - 1 }}
    union all
    select
        source,
        _load_id,
        _source_file,
        cancellation_row,
        sale_row
    from queues_{{ round }}
    where quantity_asked > sold_quantity
        and quantity_asked - quantity <= sold_quantity
),
{%- endfor %}

accepted as (
    select
        source,
        _load_id,
        _source_file,
        cancellation_row,
        sale_row
    from queues_{{ rounds }}
    where quantity_asked <= sold_quantity
),

eligible as (
    select distinct
        source,
        _load_id,
        _source_file,
        cancellation_row
    from candidates
)

select
    cancellations.source as source,
    cancellations.invoice_number || coalesce('|' || sales.invoice_number, '') as refund_id,
    cast(cancellations.line_number as varchar) as refund_item_id,
    cancellations.invoice_number as invoice_number,
    cancellations.stock_code as stock_code,
    cancellations.quantity as quantity,
    cancellations.unit_price as unit_price,
    cancellations.invoiced_at as invoiced_at,
    sales.invoice_number as order_id,
    sales.line_number as order_line_number,
    eligible.cancellation_row is not null as has_earlier_sale,
    cancellations.drop_reason as drop_reason,
    cancellations._load_id as _load_id,
    cancellations._loaded_at as _loaded_at,
    cancellations._source_file as _source_file,
    cancellations._row_number as _row_number,
    cancellations._operation as _operation
from cancellations
left join accepted
    on cancellations.source = accepted.source
    and cancellations._load_id = accepted._load_id
    and cancellations._source_file = accepted._source_file
    and cancellations._row_number = accepted.cancellation_row
left join sales
    on accepted.source = sales.source
    and accepted._load_id = sales._load_id
    and accepted._source_file = sales._source_file
    and accepted.sale_row = sales._row_number
left join eligible
    on cancellations.source = eligible.source
    and cancellations._load_id = eligible._load_id
    and cancellations._source_file = eligible._source_file
    and cancellations._row_number = eligible.cancellation_row
