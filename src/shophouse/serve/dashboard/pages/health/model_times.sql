with

slowest as (
    select model
    from ops.model_runs
    where run_id = (select max(run_id) from ops.model_runs)
    order by
        seconds desc,
        model
    limit 6
),

newest as (
    select
        run_id,
        started_at
    from ops.runs
    order by started_at desc
    limit 30
)

select
    strftime(newest.started_at, '%Y-%m-%d %H:%M:%S') as run,
    times.model,
    times.seconds
from newest
inner join ops.model_runs as times
    on newest.run_id = times.run_id
inner join slowest
    on times.model = slowest.model
order by
    newest.started_at,
    times.model
