-- A profile enters a segment that it is not in, and leaves one that it is in: entries less exits is 0 or 1.
select
    segment,
    profile_id,
    sum(case when event = 'entered' then 1 else -1 end) as balance

from {{ source('segment_log', 'segment_events') }}

group by
    segment,
    profile_id

having sum(case when event = 'entered' then 1 else -1 end) not in (0, 1)
