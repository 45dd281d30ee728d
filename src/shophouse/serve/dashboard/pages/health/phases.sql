with

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
    phases.phase,
    phases.seconds
from newest
inner join ops.phases as phases
    on newest.run_id = phases.run_id
order by
    newest.started_at,
    list_position(['ingest', 'prepare', 'build', 'check', 'publish', 'export', 'report'], phases.phase)
