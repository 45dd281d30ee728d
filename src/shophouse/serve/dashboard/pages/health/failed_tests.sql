select
    test,
    status,
    failure_count,
    message
from ops.test_results
where run_id = (select max(run_id) from ops.test_results)
    and status <> 'pass'
order by
    failure_count desc,
    test
