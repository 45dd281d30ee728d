{{ input('reviews') }}
