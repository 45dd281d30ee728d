{{ input('inventory_movements') }}
