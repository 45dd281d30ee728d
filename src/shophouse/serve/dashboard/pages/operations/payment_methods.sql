select
    payment_method,
    currency_code as payment_currency,
    sum(payment_count) as payments,
    sum(captured_amount) as captured,
    cast(sum(captured_amount) / nullif(sum(payment_count), 0) as decimal(18, 2)) as average,
    cast(sum(fee_amount) as double) / nullif(sum(captured_amount), 0) as fee_rate,
    sum(average_installment_count * payment_count) / nullif(sum(payment_count), 0) as installments
from marts.payments_mix
where month_start_date between $first_month and $end
    and payment_kind in ('sale', 'capture')
group by
    payment_method,
    currency_code
order by
    captured desc,
    payment_method,
    currency_code
