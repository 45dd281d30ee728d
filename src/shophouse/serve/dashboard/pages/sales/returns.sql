select
    refund_reason,
    sum(return_amount) as return_amount
from marts.returns
where month_start_date between $first_month and $end
group by refund_reason
having sum(return_amount) <> 0
order by
    return_amount desc,
    refund_reason
limit 10
