with

last_tested as (
    select max(run_id) as run_id
    from ops.test_results
),

tests as (
    select
        count(*) filter (results.status = 'pass') as passed_tests,
        count(*) filter (results.status <> 'pass') as failed_tests
    from ops.test_results as results
    inner join last_tested
        on results.run_id = last_tested.run_id
),

late as (
    select count(*) as late_tables
    from ops.freshness
    where run_id = (select max(run_id) from ops.freshness)
        and status in ('warn', 'error')
),

loads as (
    select
        coalesce(sum(row_count), 0) as rows_loaded,
        coalesce(sum(rejected_row_count), 0) as rows_rejected
    from ops.loads
),

rejected as (
    select
        count(*) as rows_rejected,
        coalesce(sum(amount), 0) as money_held_back
    from ops.rejected_rows
)

select
    (select max(started_at) from ops.runs) as last_run,
    (select max(date_day) from marts.sales_daily where order_count > 0) as last_day,
    late.late_tables,
    tests.failed_tests,
    tests.passed_tests,
    loads.rows_loaded,
    loads.rows_rejected + rejected.rows_rejected as rows_held_back,
    rejected.money_held_back
from tests
cross join late
cross join loads
cross join rejected
