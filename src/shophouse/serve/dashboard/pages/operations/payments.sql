with

paid as (
    select
        payment_method,
        currency_code,
        sum(captured_amount) as captured_amount
    from marts.payments_mix
    where month_start_date between $first_month and $end
        and payment_kind in ('sale', 'capture')
    group by
        payment_method,
        currency_code
)

select
    payment_method,
    captured_amount
from paid
where captured_amount > 0
    and currency_code = (select currency_code from marts.sales_daily limit 1)
order by
    captured_amount desc,
    payment_method
limit 10
