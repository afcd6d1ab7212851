with source as (

    select * from {{ ref('raw_customers') }}

)

select
    id as customer_id,
    name as customer_name,
    email as customer_email
from source
