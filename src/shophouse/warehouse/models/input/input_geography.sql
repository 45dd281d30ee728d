{{ input('geography') }}
