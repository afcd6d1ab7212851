-- None, and the person is lost to every segment; two, and everything the person did counts twice.
select
    unified_people.record_id,
    count(identity_map.profile_id) as count_profiles

from {{ ref('unified_people') }} as unified_people

left join {{ ref('identity_map') }} as identity_map
    on unified_people.record_id = identity_map.record_id

group by unified_people.record_id

having count(identity_map.profile_id) <> 1
