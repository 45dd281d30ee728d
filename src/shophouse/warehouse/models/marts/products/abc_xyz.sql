-- One row per product that was ever sold or taken back: ABC by net sales to date, XYZ by how much its monthly units vary.
-- A are the products whose better sellers make less than 80 % of all net sales, B those below 95 %, C the rest and what sold for nothing;
-- products with equal sales share a class. Units are of the whole months from the first sale to the last day of data, months without sale as 0;
-- under 3 months there is no XYZ class.
with

sales as (
    select
        month_start_date,
        product_key,
        quantity,
        net_sales_amount
    from {{ ref('product_sales_by_month') }}
),

products as (
    select
        product_key,
        product_name
    from {{ ref('dim_product') }}
),

months as (
    select
        month_start_date,
        month_end_date
    from {{ ref('dim_date') }}
    where day_of_month = 1
),

as_of as (
    select max(event_date) as as_of_date
    from {{ ref('sales_by_day') }}
),

last_months as (
    select max(months.month_start_date) as last_month
    from months
    inner join as_of
        on months.month_end_date <= as_of.as_of_date
),

revenues as (
    select
        product_key,
        {{ sum_money('net_sales_amount') }} as net_sales_amount
    from sales
    group by product_key
),

cumulated as (
    select
        revenues.product_key as product_key,
        revenues.net_sales_amount as net_sales_amount,
        sum(greatest(revenues.net_sales_amount, 0)) over (order by revenues.net_sales_amount desc nulls last range between unbounded preceding and current row)
        - sum(greatest(revenues.net_sales_amount, 0)) over (partition by revenues.net_sales_amount) as better_amount,
        sum(greatest(revenues.net_sales_amount, 0)) over () as all_amount
    from revenues
),

demand as (
    select
        sales.product_key as product_key,
        max({{ months('sales.month_start_date', 'last_months.last_month') }}) + 1 as month_count,
        sum(cast(sales.quantity as double precision)) as unit_sum,
        sum(cast(sales.quantity as double precision) * cast(sales.quantity as double precision)) as unit_square_sum
    from sales
    inner join last_months
        on sales.month_start_date <= last_months.last_month
    group by sales.product_key
),

means as (
    select
        demand.product_key as product_key,
        cast(demand.month_count as integer) as month_count,
        {{ ratio('demand.unit_sum', 'demand.month_count') }} as unit_mean,
        {{ ratio('demand.unit_square_sum', 'demand.month_count') }} as unit_square_mean
    from demand
),

varied as (
    select
        means.product_key as product_key,
        means.month_count as month_count,
        means.unit_mean as mean_monthly_units,
        case
            when means.month_count >= 3 and means.unit_mean > 0
                then sqrt(greatest(means.unit_square_mean - means.unit_mean * means.unit_mean, 0)) / means.unit_mean
        end as variation
    from means
),

final as (
    select
        cumulated.product_key as product_key,
        coalesce(products.product_name, 'unknown') as product_name,
        cumulated.net_sales_amount as net_sales_amount,
        {{ ratio('cumulated.better_amount', 'cumulated.all_amount') }} as better_seller_share_rate,
        case
            when cumulated.net_sales_amount <= 0 then 'C'
            when cumulated.better_amount * 100 < cumulated.all_amount * 80 then 'A'
            when cumulated.better_amount * 100 < cumulated.all_amount * 95 then 'B'
            else 'C'
        end as abc_class,
        coalesce(varied.month_count, 0) as month_count,
        varied.mean_monthly_units as mean_monthly_units,
        varied.variation as variation_rate,
        case
            when varied.variation <= 0.5 then 'X'
            when varied.variation <= 1 then 'Y'
            when varied.variation > 1 then 'Z'
        end as xyz_class,
        {{ shop_currency() }} as currency_code
    from cumulated
    left join varied
        on cumulated.product_key = varied.product_key
    left join products
        on cumulated.product_key = products.product_key
)

select
    product_key,
    product_name,
    net_sales_amount,
    better_seller_share_rate,
    abc_class,
    month_count,
    mean_monthly_units,
    variation_rate,
    xyz_class,
    abc_class || coalesce(xyz_class, '') as abc_xyz_class,
    currency_code
from final
