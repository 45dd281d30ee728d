with

classes as (
    select
        abc_xyz.abc_class,
        abc_xyz.net_sales_amount,
        products.category_name
    from marts.abc_xyz
    inner join marts.product_performance as products
        on abc_xyz.product_key = products.product_key
)

select
    abc_class,
    count(*) / sum(count(*)) over () as product_share_rate,
    cast(sum(net_sales_amount) as double) / nullif(sum(sum(net_sales_amount)) over (), 0) as net_sales_share_rate
from classes
where {filters}
group by abc_class
order by abc_class
