with

loads as (
    select
        source,
        table_name,
        count(*) as loads,
        sum(file_count) as files,
        sum(row_count) as row_total,
        sum(rejected_row_count) as rejected_rows,
        max(loaded_at) as newest_load_at,
        max_by(seconds, load_id) as load_seconds
    from ops.loads
    group by
        source,
        table_name
),

fresh as (
    select
        source,
        table_name,
        status,
        age_seconds
    from ops.freshness
    where run_id = (select max(run_id) from ops.freshness)
)

select
    loads.source,
    loads.table_name,
    coalesce(fresh.status, 'unknown') as status,
    loads.newest_load_at,
    fresh.age_seconds / 86400 as age_days,
    loads.loads,
    loads.files,
    loads.row_total,
    loads.rejected_rows,
    loads.load_seconds
from loads
left join fresh
    on loads.source = fresh.source
    and loads.table_name = fresh.table_name
order by
    fresh.status = 'error' desc nulls last,
    fresh.status = 'warn' desc nulls last,
    loads.rejected_rows desc,
    loads.row_total desc,
    loads.source,
    loads.table_name
