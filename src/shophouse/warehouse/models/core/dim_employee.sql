-- One row per employee (a salesperson), and the unknown member.
{{ dimension(
    key='employee_key',
    entity='employees',
    columns={
        'employee_name': ['members.employee_name', 'text'],
        'employee_type': ['members.type', 'text'],
        'hired_at': ['members.hired_at', 'timestamp'],
        'birth_date': ['members.birth_date', 'date'],
        'gender': ['members.gender', 'text'],
    },
    named_in=[('fct_orders', 'employee_key', 'employee_id')],
    labels=['employee_name']
) }}
