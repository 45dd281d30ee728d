{{ input('locations') }}
