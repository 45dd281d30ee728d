{{ input('events') }}
