{{ input('campaigns') }}
