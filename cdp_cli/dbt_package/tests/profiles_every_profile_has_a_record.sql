-- A profile without a record is a person that no source knows: something was erased or unlinked halfway.
select profiles.profile_id

from {{ ref('profiles') }} as profiles

left join {{ ref('identity_map') }} as identity_map
    on profiles.profile_id = identity_map.profile_id

left join {{ ref('unified_people') }} as unified_people
    on identity_map.record_id = unified_people.record_id

group by profiles.profile_id

having count(unified_people.record_id) = 0
