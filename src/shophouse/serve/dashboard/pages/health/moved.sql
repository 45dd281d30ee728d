with

numbered as (
    select
        schema_name || '.' || model as model,
        row_count,
        row_number() over (partition by schema_name, model order by run_id desc) as place
    from ops.model_runs
    where status = 'success'
        and row_count is not null
),

compared as (
    select
        model,
        max(row_count) filter (place = 2) as rows_before,
        max(row_count) filter (place = 1) as rows_now
    from numbered
    group by model
)

select
    model,
    rows_before,
    rows_now,
    rows_now - rows_before as change_count,
    cast(rows_now as double) / nullif(rows_before, 0) - 1 as change_rate
from compared
where rows_before <> rows_now
order by
    abs(change_count) desc,
    model
limit 100
