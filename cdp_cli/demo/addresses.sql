-- Addresses for whoever asks: temp table address_requests (household_no, version, k, country) -> addresses.

create or replace temp table addresses as
select
    address_requests.household_no,
    address_requests.version,
    case
        when address_requests.country in ('GB', 'FR', 'US')
            then zipf(k, 'house', 180, 30) || ' ' || streets.street
        else streets.street || ' ' || zipf(k, 'house', 140, 25)
    end as street,
    places.city,
    places.postcode_area || case address_requests.country
        when 'GB'
            then choice(k, 'district', 28) || ' ' || choice(k, 'sector', 9)
                || upper(letter(k, 'unit one') || letter(k, 'unit two'))
        when 'NL'
            then digits(k, 'district', 2) || ' ' || upper(letter(k, 'unit one') || letter(k, 'unit two'))
        when 'US' then digits(k, 'district', 2)
        else digits(k, 'district', 3)
    end as postcode,
    -- The landline: an area code and a number of the household's own.
    case address_requests.country
        when 'GB' then '+44'
        when 'DE' then '+49'
        when 'FR' then '+33'
        when 'NL' then '+31'
        else '+1'
    end || places.area_code || case
        when address_requests.country = 'US'
            then (6000000 + (address_requests.household_no * 7919 + address_requests.version * 3000017) % 4000000)::varchar
        when places.landline_digits = 8
            then (30000000 + (address_requests.household_no * 104729 + address_requests.version * 3000017) % 50000000)::varchar
        else (3000000 + (address_requests.household_no * 7919 + address_requests.version * 3000017) % 6000000)::varchar
    end as landline

from address_requests

inner join places
    on
        address_requests.country = places.country
        and zipf(k, 'place', case address_requests.country when 'GB' then 15 when 'DE' then 14 when 'FR' then 12 when 'NL' then 11 else 10 end, 4) = places.rank

inner join streets
    on
        address_requests.country = streets.country
        and zipf(k, 'street', case address_requests.country when 'GB' then 30 when 'DE' then 30 else 25 end, 8) = streets.rank;
