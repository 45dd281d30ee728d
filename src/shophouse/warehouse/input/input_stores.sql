{{ input('stores') }}
