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
    on country_item_no(
        country, zipf(k, 'place', list_extract([15, 14, 12, 11, 10], country_no(country)), 4)
    ) = places.place_no

inner join streets
    on country_item_no(
        country, zipf(k, 'street', list_extract([30, 30, 25, 25, 25], country_no(country)), 8)
    ) = streets.street_no;
