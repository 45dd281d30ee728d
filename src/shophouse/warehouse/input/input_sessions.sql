{{ input('sessions') }}
