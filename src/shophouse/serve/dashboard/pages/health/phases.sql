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
    case phases.phase
        when 'ingest' then 1
        when 'prepare' then 2
        when 'build' then 3
        when 'check' then 4
        when 'publish' then 5
        when 'export' then 6
        when 'report' then 7
    end nulls last
