-- The newest version of each order's lines, straight from the files, against core: quantity and money. Orders that core
-- rejected are in ops.rejected_rows, and lacking on both sides.
with

received as (
    select
        cast(lines.order_id as varchar) as order_id,
        lines.quantity as quantity,
        lines.quantity * lines.unit_price as amount,
        lines._load_id as _load_id,
        max(lines._load_id) over (partition by lines._source, lines.order_id) as newest_load_id
    from {{ source('ecommerce', 'order_items') }} as lines
),

source_lines as (
    select
        received.order_id as order_id,
        sum(received.quantity) as quantity,
        sum(received.amount) as amount
    from received
    where received._load_id = received.newest_load_id
    group by received.order_id
),

core_lines as (
    select
        order_items.order_id as order_id,
        sum(order_items.quantity) as quantity,
        sum(order_items.quantity * order_items.unit_price) as amount
    from {{ ref('fct_order_items') }} as order_items
    group by order_items.order_id
),

rejected as (
    select distinct order_key
    from {{ ref('rejected_order_rows') }}
)

select
    source_lines.order_id as order_id,
    source_lines.quantity as source_quantity,
    core_lines.quantity as core_quantity,
    source_lines.amount as source_amount,
    core_lines.amount as core_amount
from source_lines
left join core_lines
    on source_lines.order_id = core_lines.order_id
where (source_lines.quantity <> coalesce(core_lines.quantity, 0) or source_lines.amount <> coalesce(core_lines.amount, 0))
    and not exists (
        select 1
        from rejected
        where rejected.order_key = {{ shophouse.surrogate_key(["'storefront'", 'source_lines.order_id']) }}
    )
