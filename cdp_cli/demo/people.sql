-- The true people of the new households: what they are called and how they behave.
--
-- They join between ${joined_from} and ${joined_until}. Nobody but `truth` ever holds these values unspoilt.

create or replace temp table members as
with

members as (

    select
        households.*,
        first_person_no + positions.range as person_no,
        case
            when positions.range = 0 then 'head'
            when kind = 'flatmates' then 'flatmate'
            when positions.range = 1 and kind = 'family' then 'partner'
            else 'child'
        end as role,
        positions.range - if(kind = 'parent', 0, 1) as child_no

    from households

    inner join range(0, 5) as positions
        on positions.range < households.size

    where first_person_no + positions.range < ${first_person} + ${people}

),

keyed as (

    select
        *,
        key_of(person_no, 'person') as k

    from members

),

gendered as (

    select
        *,
        case
            when role = 'head' then head_gender
            when role = 'partner'
                then if((chance(k, 'gender') < 0.95) = (head_gender = 'f'), 'm', 'f')
            -- A son where the family has a father and son of one name.
            when role = 'child' and child_no = 1 and has_same_name then 'm'
            when chance(k, 'gender') < 0.5 then 'f'
            else 'm'
        end as gender,
        -- The head of a family with grown children is 42 to 66, others are 19 to 88.
        case
            when size > 2 or kind = 'parent' then 42 + 24 * chance(hk, 'age')
            else 19 + 69 * pow(chance(hk, 'age'), 1.3)
        end as head_age

    from keyed

),

aged as (

    select
        *,
        case role
            when 'head' then head_age
            when 'partner' then greatest(18.5, head_age - 4 + 8 * chance(k, 'age'))
            when 'flatmate' then greatest(18.5, head_age - 5 + 10 * chance(k, 'age'))
            else 16.2 + (head_age - 38) * if(
                has_twins and child_no = 2, chance(key_of(person_no - 1, 'person'), 'age'), chance(k, 'age')
            )
        end as age,
        -- Whose draw names this person: the father's, where father and son share a name.
        case
            when
                role = 'child' and child_no = 1 and has_same_name
                and (head_gender = 'm' or kind = 'family')
                then key_of(
                    first_person_no + if(head_gender = 'm' or kind = 'parent', 0, 1), 'person'
                )
            else k
        end as name_key

    from gendered

)

select
    *,
    date '${born_before}' - floor(age * 365.25)::integer as birth_date,
    if(
        role = 'flatmate' or (role = 'partner' and chance(k, 'own surname') < ${own_surname}), k, hk
    ) as surname_key

from aged;

create or replace temp table named as
with

sizes as (

    select distinct
        language,
        gender,
        names

    from first_names

),

surname_sizes as (

    select distinct
        language as of_language,
        names as surnames

    from surnames

),

ranked as (

    select
        members.*,
        name_no(
            members.language, members.gender, zipf(members.name_key, 'first name', sizes.names, 12)
        ) as first_no,
        surname_no(
            members.language, zipf(members.surname_key, 'surname', surname_sizes.surnames, 8)
        ) as last_no,
        surname_no(
            members.language, zipf(members.k, 'former surname', surname_sizes.surnames, 8)
        ) as former_no

    from members

    inner join sizes
        on
            members.language = sizes.language
            and members.gender = sizes.gender

    inner join surname_sizes
        on members.language = surname_sizes.of_language

)

select
    ranked.*,
    first_names.first_name,
    list_extract(first_names.nicknames, choice(ranked.k, 'nickname', len(first_names.nicknames))) as nickname,
    lasts.surname as last_name,
    formers.surname as former_last_name

from ranked

inner join first_names
    on ranked.first_no = first_names.name_no

inner join surnames as lasts
    on ranked.last_no = lasts.surname_no

inner join surnames as formers
    on ranked.former_no = formers.surname_no;

insert into truth.people
with

located as (

    select
        named.*,
        here.street,
        here.city,
        here.postcode,
        here.landline,
        before.street as former_street,
        before.city as former_city,
        before.postcode as former_postcode,
        letters_only(named.first_name) as plain_first,
        letters_only(named.last_name) as plain_last,
        -- Makes each address unique; person_no is below the modulus.
        ((named.person_no * 7919 + 4177) % ${people_limit})::varchar as email_number

    from named

    inner join addresses as here
        on
            named.household_no = here.household_no
            and here.version = 0

    inner join addresses as before
        on
            named.household_no = before.household_no
            and before.version = 1

),

behaved as (

    select
        *,
        moment_of(date_trunc('day', timestamp '${joined_from}' + to_seconds(floor(
            epoch(timestamp '${joined_until}' - timestamp '${joined_from}') * pow(chance(k, 'joined'), 0.75)
        )::bigint)), k, 'joined at') as joined_at,
        (chance(k, 'buyer') < ${buyer}) as is_buyer,
        (chance(k, 'discovers early') < ${discovers_early}) as discovers_early,
        ${orders_a_year} * gamma_1_5(k, 'order rate') / 1.5 as orders_a_year,
        case
            when chance(k, 'store kind') < ${online_only} then 0
            when chance(k, 'store kind') < ${online_only} + ${store_only} then 1
            else chance(k, 'store share')
        end as store_share,
        pow(chance(k, 'price'), 1.5) as price_sensitivity

    from located

)

select
    format('person-{:07d}', person_no) as person_id,
    format('household-{:07d}', household_no) as household_id,
    first_name,
    coalesce(nickname, first_name) as nickname,
    last_name,
    former_last_name,
    gender,
    birth_date,
    case choice(k, 'email shape', 5)
        when 1 then plain_first || '.' || plain_last
        when 2 then left(plain_first, 1) || plain_last
        when 3 then plain_last || '.' || plain_first
        when 4 then plain_first || '_' || plain_last
        else plain_first || left(plain_last, 1)
    end || email_number || '@' || pool_email_domain(k, 'email domain') as email,
    left(plain_first, 2) || '.' || plain_last || '.' || email_number
    || '@' || pool_email_domain(k, 'former email domain') as former_email,
    case when size > 1 then 'family.' || letters_only(last_name) || household_no::varchar
        || '@' || pool_email_domain(hk, 'family email domain') end as family_email,
    case country
        when 'GB' then '+4474' || lpad(((person_no * 104729) % 100000000)::varchar, 8, '0')
        when 'DE' then '+49151' || lpad(((person_no * 104729) % 90000000 + 10000000)::varchar, 8, '0')
        when 'FR' then '+336' || lpad(((person_no * 104729) % 80000000 + 10000000)::varchar, 8, '0')
        when 'NL' then '+316' || lpad(((person_no * 104729) % 40000000 + 10000000)::varchar, 8, '0')
        else left(landline, 5) || (2000000 + (person_no * 7919) % 4000000)::varchar
    end as mobile,
    landline,
    street,
    city,
    postcode,
    former_street,
    former_city,
    former_postcode,
    country,
    language,
    lpad(((person_no * 15485863 + 982451) % 1000000000)::varchar, 9, '0') as national_id,
    role,
    joined_at,
    -- Those who discover a second category early stay much longer: the planted effect.
    joined_at + interval '20 days' + to_seconds(floor(least(1e9, 31557600 * exponential(k, 'leaving') / (
        ${leaving_a_year}
        * (0.1 + 0.9 * exponential(k, 'leaving rate'))
        * (0.8 + 0.6 * price_sensitivity)
        * if(is_buyer and discovers_early, ${leaving_of_early_discoverers}, 1)
    )))::bigint) as left_at,
    is_buyer,
    is_buyer and discovers_early as discovers_early,
    orders_a_year,
    store_share,
    price_sensitivity,
    0.4 + 0.6 * exponential(k, 'interest') as interest,
    chance(k, 'email interest') as email_interest,
    zipf(k, 'favourite category', 9, 6) as favourite_category_rank,
    size as household_size,
    household_no,
    person_no,
    k,
    hk

from behaved

order by person_no;
