-- A junk value in a golden profile would send one person's messages to whoever owns it.
select
    profiles.profile_id,
    profile_identifiers.identifier_type

from {{ ref('profiles') }} as profiles

inner join {{ ref('profile_identifiers') }} as profile_identifiers
    on profiles.profile_id = profile_identifiers.profile_id

where
    profile_identifiers.identifier_class = 'junk'
    and (
        (profile_identifiers.identifier_type = 'email' and profile_identifiers.identifier_value = profiles.email)
        or (profile_identifiers.identifier_type = 'phone' and profile_identifiers.identifier_value = profiles.phone)
    )
