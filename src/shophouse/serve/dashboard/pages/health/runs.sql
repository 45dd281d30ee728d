with

loads as (
    select
        run_id,
        sum(row_count) as rows_loaded
    from ops.loads
    group by run_id
),

models as (
    select
        run_id,
        count(*) as models
    from ops.model_runs
    group by run_id
)

select
    runs.started_at,
    runs.command,
    runs.status,
    case when runs.is_full_refresh then 'full' else 'incremental' end as kind,
    runs.seconds,
    coalesce(loads.rows_loaded, 0) as rows_loaded,
    coalesce(models.models, 0) as models
from ops.runs as runs
left join loads
    on runs.run_id = loads.run_id
left join models
    on runs.run_id = models.run_id
order by runs.started_at desc
limit 200
