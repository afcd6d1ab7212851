-- The CRM: contacts, the households that clerks put them into, and leads.

insert into crm.contacts by name
select
    source_id as contact_id,
    if(
        household_size > 1 and chance(rk, 'linked') < ${household_linked},
        'H' || number_id(household_no, 'household'), null
    ) as household_id,
    case
        when chance(rk, 'salutation') < 0.3 then null
        when gender = 'm' then 'Mr'
        when chance(rk, 'salutation') < 0.6 then 'Mrs'
        else 'Ms'
    end as salutation,
    first_name,
    last_name,
    case
        when chance(rk, 'birth format') < 0.04 then year(birth_date)::varchar
        when chance(rk, 'birth format') < 0.18 then strftime(birth_date, '%d/%m/%Y')
        else birth_date::varchar
    end as birthdate,
    case
        when chance(rk, 'gender') < 0.25 then null
        when chance(rk, 'gender') < 0.26 then 'X'
        else upper(gender)
    end as gender,
    email,
    phone,
    street,
    city,
    zip,
    country,
    if(chance(rk, 'national id') < ${national_id}, national_id, null) as national_id,
    created_at,
    created_at as updated_at,
    loaded(created_at) as _loaded_at

from person_records

where kind = 'crm_contact'

order by created_at, source_id;

insert into crm.households by name
with

linked as (

    select
        contacts.household_id,
        min(contacts.created_at) as updated_at

    from crm.contacts as contacts

    left join crm.households as known
        on contacts.household_id = known.household_id

    where
        contacts.created_at >= timestamp '${from}'
        and known.household_id is null
        and contacts.household_id is not null

    group by contacts.household_id

),

homes as (

    select
        'H' || number_id(household_no, 'household') as household_id,
        first(last_name order by person_no) as last_name,
        any_value(street) as street,
        any_value(city) as city,
        any_value(postcode) as postcode,
        any_value(country) as country

    from truth.people

    where household_size > 1

    group by household_no

)

select
    linked.household_id,
    homes.last_name || ' household' as name,
    homes.street,
    homes.city,
    homes.postcode as zip,
    homes.country,
    linked.updated_at,
    loaded(linked.updated_at) as _loaded_at

from linked

inner join homes
    on linked.household_id = homes.household_id

order by linked.updated_at, linked.household_id;

insert into crm.leads by name
select
    source_id as lead_id,
    first_name || ' ' || last_name as name,
    email,
    phone,
    if(chance(rk, 'city') < 0.6, city, null) as city,
    list_extract(['web_form', 'competition', 'trade_fair', 'partner'], zipf(rk, 'source', 4, 2)) as lead_source,
    list_extract(['converted', 'contacted', 'new', 'lost'], zipf(rk, 'status', 4, 3)) as status,
    created_at,
    created_at as updated_at,
    loaded(created_at) as _loaded_at

from person_records

where kind = 'crm_lead'

order by created_at, source_id;
