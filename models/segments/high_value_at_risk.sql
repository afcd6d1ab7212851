-- The best customers among those who are late: whom to call first.
select top_decile_by_value.profile_id

from {{ ref('top_decile_by_value') }} as top_decile_by_value

inner join {{ ref('at_risk_of_churn') }} as at_risk_of_churn
    on top_decile_by_value.profile_id = at_risk_of_churn.profile_id
