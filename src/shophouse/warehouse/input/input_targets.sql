{{ input('targets') }}
