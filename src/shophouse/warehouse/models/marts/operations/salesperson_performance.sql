-- One row per month of the order and salesperson, 'unknown' for orders without one. Valid orders; amounts as ordered, returns beside them.
with

orders as (
    select
        employee_key,
        order_date,
        is_first_order,
        item_count,
        gross_amount_reporting as gross_amount,
        discount_amount_reporting as discount_amount,
        net_amount_reporting as net_amount,
        refund_product_amount_reporting as refund_product_amount
    from {{ ref('fct_orders') }}
    where is_valid
),

employees as (
    select
        employee_key,
        employee_id,
        employee_name,
        employee_type,
        hired_at
    from {{ ref('dim_employee') }}
),

summed as (
    select
        {{ date_trunc_date('month', 'orders.order_date') }} as month_start_date,
        orders.employee_key as employee_key,
        cast(count(*) as bigint) as order_count,
        {{ sum_count('case when orders.is_first_order then 1 else 0 end') }} as new_customer_count,
        cast(sum(orders.item_count) as {{ type_money_sum() }}) as item_count,
        {{ sum_money('orders.gross_amount') }} as gross_amount,
        {{ sum_money('orders.discount_amount') }} as discount_amount,
        {{ sum_money('orders.net_amount') }} as net_amount,
        {{ sum_money('orders.refund_product_amount') }} as return_amount
    from orders
    group by
        {{ date_trunc_date('month', 'orders.order_date') }},
        orders.employee_key
),

final as (
    select
        summed.month_start_date as month_start_date,
        summed.employee_key as employee_key,
        coalesce(employees.employee_name, employees.employee_id, 'unknown') as employee_name,
        employees.employee_type as employee_type,
        {{ months('employees.hired_at', 'summed.month_start_date') }} as months_since_hired,
        cast({{ shop_currency() }} as {{ type_text() }}) as currency_code,
        summed.order_count as order_count,
        summed.new_customer_count as new_customer_count,
        summed.item_count as item_count,
        summed.gross_amount as gross_amount,
        summed.discount_amount as discount_amount,
        summed.net_amount as net_amount,
        summed.return_amount as return_amount,
        {{ money_per('summed.net_amount', 'summed.order_count') }} as average_order_amount,
        {{ ratio('summed.discount_amount', 'summed.gross_amount') }} as discount_rate,
        {{ ratio('summed.return_amount', 'summed.net_amount') }} as return_rate,
        {{ ratio('summed.net_amount', 'sum(summed.net_amount) over (partition by summed.month_start_date)') }} as net_share_rate,
        cast(
            row_number() over (
                partition by summed.month_start_date
                order by summed.net_amount desc, summed.employee_key
            ) as integer
        ) as net_rank
    from summed
    left join employees
        on summed.employee_key = employees.employee_key
)

select
    month_start_date,
    employee_key,
    employee_name,
    employee_type,
    months_since_hired,
    currency_code,
    order_count,
    new_customer_count,
    item_count,
    gross_amount,
    discount_amount,
    net_amount,
    return_amount,
    average_order_amount,
    discount_rate,
    return_rate,
    net_share_rate,
    net_rank
from final
