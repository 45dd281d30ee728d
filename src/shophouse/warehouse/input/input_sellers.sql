{{ input('sellers') }}
