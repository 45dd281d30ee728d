{{ input('inventory_snapshots') }}
