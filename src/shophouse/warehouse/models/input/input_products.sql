{{ input('products') }}
