{{ input('employees') }}
