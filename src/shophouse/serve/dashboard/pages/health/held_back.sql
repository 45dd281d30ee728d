with

unread as (
    select
        'could not be read' as kind,
        source || '.' || table_name as table_name,
        column_name || ': ' || {unread} as reason,
        count(*) as row_count,
        cast(null as decimal(38, 4)) as amount,
        min(source_file || ', line ' || line) as first_seen
    from ops.quarantine
    group by
        source,
        table_name,
        column_name,
        {unread}
),

refused as (
    select
        'breaks a rule' as kind,
        source || '.' || table_name as table_name,
        {refused} as reason,
        count(*) as row_count,
        sum(amount) as amount,
        min(source_file || ', row ' || row_number) as first_seen
    from ops.rejected_rows
    group by
        source,
        table_name,
        {refused}
)

select
    kind,
    table_name,
    reason,
    row_count,
    amount,
    first_seen
from refused
union all
select
    kind,
    table_name,
    reason,
    row_count,
    amount,
    first_seen
from unread
order by
    amount desc nulls last,
    row_count desc,
    table_name,
    reason,
    first_seen
limit 500
