with

classes as (
    select
        abc_xyz.abc_class,
        coalesce(abc_xyz.xyz_class, 'young') as xyz_class,
        products.category_name
    from marts.abc_xyz
    inner join marts.product_performance as products
        on abc_xyz.product_key = products.product_key
)

select
    abc_class,
    xyz_class,
    count(*) as product_count
from classes
where {filters}
group by
    abc_class,
    xyz_class
order by
    abc_class,
    xyz_class = 'young',
    xyz_class
