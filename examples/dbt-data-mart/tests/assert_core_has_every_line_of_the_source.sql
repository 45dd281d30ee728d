-- What counts of the files' rows is what core has and what it rejected, in money. Of an order its newest load counts, of a
-- line that comes twice in it the later row. The one row that this may give is the difference.
with

received as (
    select
        lines.quantity * lines.unit_price as amount,
        lines._load_id as _load_id,
        max(lines._load_id) over (partition by lines._source, lines.order_id) as newest_load_id,
        row_number() over (
            partition by lines._source, lines.order_id, lines.line_number
            order by lines._load_id desc, lines._row_number desc, lines._source_file desc
        ) as version_rank
    from {{ source('ecommerce', 'order_items') }} as lines
),

source_total as (
    select coalesce(sum(received.amount), 0) as amount
    from received
    where received._load_id = received.newest_load_id
        and received.version_rank = 1
),

core_total as (
    select coalesce(sum(lines.quantity * lines.unit_price), 0) as amount
    from {{ ref('fct_order_items') }} as lines
),

rejected_total as (
    select coalesce(sum(rejected.amount), 0) as amount
    from {{ ref('rejected_rows') }} as rejected
    where rejected.entity = 'order_items'
)

select
    source_total.amount as source_amount,
    core_total.amount as core_amount,
    rejected_total.amount as rejected_amount
from source_total
cross join core_total
cross join rejected_total
where source_total.amount <> core_total.amount + rejected_total.amount
