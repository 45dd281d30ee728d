with

laws (number, law) as (
    values
    (1, 'The ledger of an order is the order'),
    (2, 'Discounts of lines add up to the order''s'),
    (3, 'Refunds are no more than payments'),
    (4, 'Every split adds up to the ledger'),
    (5, 'Attribution credits each order once'),
    (6, 'Stock follows from its movements'),
    (7, 'Cohorts and months add up'),
    (8, 'No step of the funnel exceeds the one before'),
    (9, 'Segments hold each customer once'),
    (10, 'Versions of a row neither overlap nor leave gaps'),
    (12, 'Every row that arrived is accounted for')
),

results as (
    select
        law as number,
        status
    from ops.test_results
    where run_id = (select max(run_id) from ops.test_results)
)

select
    coalesce(laws.law, 'Columns, keys and other tests') as law,
    count(*) as tests,
    count(*) filter (results.status <> 'pass') as failed,
    case when count(*) filter (results.status <> 'pass') > 0 then 'broken' else 'holds' end as status
from results
left join laws
    on results.number = laws.number
group by
    laws.number,
    laws.law
order by
    failed desc,
    laws.number nulls last
