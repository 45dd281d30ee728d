-- One row per product (a sellable variant), those that only order lines name among them, and the unknown member.
{{ dimension(
    key='product_key',
    entity='products',
    columns={
        'product_name': ['coalesce(members.product_name, members.product_id)', 'text'],
        'parent_product_id': ['members.parent_product_id', 'text'],
        'sku': ['members.sku', 'text'],
        'brand': ['members.brand', 'text'],
        'category_id': ['members.category_id', 'text'],
        'category_key': ['case when members.category_id is null then ' ~ unknown_key() ~ ' else ' ~ surrogate_key(['members.source', 'members.category_id']) ~ ' end', 'bigint'],
        'list_price': ['members.list_price', 'money'],
        'unit_cost': ['members.unit_cost', 'money'],
        'currency_code': ['members.currency_code', 'text'],
        'weight_grams': ['members.weight_grams', 'money'],
        'is_gift_card': ['coalesce(members.is_gift_card, false)', 'boolean'],
        'status': ['members.status', 'text'],
        'created_at': ['members.created_at', 'timestamp'],
        'updated_at': ['members.updated_at', 'timestamp'],
        'is_deleted': ['coalesce(members.is_deleted, false)', 'boolean'],
    },
    named_in=[
        ('fct_order_items', 'product_key', 'product_id'),
        ('fct_refund_items', 'product_key', 'product_id'),
        ('fct_inventory_daily', 'product_key', 'product_id'),
        ('fct_events', 'product_key', 'product_id'),
        ('fct_subscription_events', 'product_key', 'product_id'),
    ],
    labels=['product_name']
) }}
