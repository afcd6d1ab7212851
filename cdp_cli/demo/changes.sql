-- What changes in a day: moves, new surnames, new e-mails, withdrawals of consent, and orders that got paid.
--
-- The truth changes first, then those records whose source was told, in place: same id, later updated_at and
-- _loaded_at. The other records go on saying what was true before.

create or replace temp table moved as
select
    household_no,
    any_value(hk) as hk,
    any_value(country) as country

from truth.people

group by household_no

order by chance(any_value(hk), 'moves ${from}'), household_no

limit ${moving_households};

create or replace temp table address_requests as
select
    household_no,
    ${from_day}::bigint as version,
    part_key(hk, ${from_day}) as k,
    country

from moved;
