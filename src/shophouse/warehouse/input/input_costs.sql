{{ input('costs') }}
