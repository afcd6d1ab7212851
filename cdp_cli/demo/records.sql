-- Which source knows which person, since when, and with which mistakes.
--
-- planned_records: every person record there is or will be, over all people. person_records: those that a source
-- makes between ${from} and ${until}, with all the dirt that person records have.

create or replace temp table planned_records as
with

chances as (

    select
        *,
        is_buyer and store_share < 1 as buys_online,
        is_buyer and store_share > 0 as buys_in_store,
        chance(k, 'has crm') < ${crm_contact} as in_crm,
        chance(k, 'has lead') < ${crm_lead} as in_leads,
        chance(k, 'has card') as card_draw,
        chance(k, 'has account') as account_draw,
        chance(k, 'has newsletter') < ${subscriber} as in_email,
        chance(k, 'has ticket') < ${requester} as in_support

    from truth.people

),

memberships as (

    select
        *,
        account_draw < if(buys_online, ${shop_account_of_online_buyers}, ${shop_account_of_others}) as in_shop,
        card_draw < if(buys_in_store, ${card_of_store_buyers}, ${card_of_others}) as in_pos

    from chances

),

held as (

    select
        memberships.person_no,
        memberships.k,
        memberships.joined_at,
        kinds.code,
        kinds.kind,
        kinds.again,
        memberships.person_no * 16 + kinds.code as record_no,
        case kinds.code
            when 1 then in_crm or not (in_leads or in_shop or in_pos or in_email or in_support)
            when 2 then in_crm and chance(k, 'crm again') < ${crm_contact_again}
            when 3 then in_leads
            when 4 then in_shop
            when 5 then in_shop and chance(k, 'account again') < ${shop_account_again}
            when 6 then in_pos
            when 7 then in_email
            when 8 then in_email and chance(k, 'newsletter again') < ${subscriber_again}
            when 9 then in_support
            when 10 then in_support and chance(k, 'ticket again') < ${requester_again}
        end as is_held

    from memberships

    cross join (
        values
        (1, 'crm_contact', false),
        (2, 'crm_contact', true),
        (3, 'crm_lead', false),
        (4, 'shop_customer', false),
        (5, 'shop_customer', true),
        (6, 'pos_member', false),
        (7, 'email_subscriber', false),
        (8, 'email_subscriber', true),
        (9, 'support_requester', false),
        (10, 'support_requester', true)
    ) as kinds (code, kind, again)

),

keyed as (

    select
        *,
        key_of(record_no, 'record') as rk

    from held

    where is_held

)

select
    person_no,
    record_no,
    kind,
    again,
    rk,
    case kind
        when 'crm_contact' then 'C' || number_id(record_no, 'contact')
        when 'crm_lead' then 'L' || number_id(record_no, 'lead')
        when 'pos_member' then '29' || number_id(record_no, 'member')
        when 'email_subscriber' then subscriber_id(record_no)
        else number_id(record_no, kind)
    end as source_id,
    greatest(
        moment_of(date_trunc('day', joined_at + to_seconds(floor(86400 * case
            when kind = 'crm_lead' then 3 * chance(rk, 'since')
            when kind = 'crm_contact' then 200 * pow(chance(rk, 'since'), 3)
            when kind = 'shop_customer' then 60 * pow(chance(rk, 'since'), 4)
            when kind = 'pos_member' then 90 * pow(chance(rk, 'since'), 3)
            when kind = 'email_subscriber' then 60 * pow(chance(rk, 'since'), 3)
            else 20 + 500 * chance(rk, 'since')
        end + if(again, 30 + 300 * chance(rk, 'again'), 0))::bigint)), rk, 'since time'),
        joined_at
    ) as created_at

from keyed;

create or replace temp table person_records as
with

drawn as (

    select
        planned_records.*,
        people.* exclude (person_no, k),
        chance(rk, 'swapped') < ${swapped_names} as is_swapped,
        chance(rk, 'initial') < ${initial_only} as is_initial,
        chance(rk, 'email kind') as email_draw,
        chance(rk, 'phone kind') as phone_draw,
        chance(rk, 'address kind') < ${address_old} as is_old_address,
        case kind
            when 'crm_contact' then ${email_missing_crm}
            when 'pos_member' then ${email_missing_pos}
            when 'shop_customer' then ${email_missing_shop}
            when 'crm_lead' then ${email_missing_lead}
            when 'support_requester' then ${email_missing_support}
            else 0
        end as email_missing

    from planned_records

    inner join truth.people as people
        on planned_records.person_no = people.person_no

    where
        planned_records.created_at >= timestamp '${from}'
        and planned_records.created_at < timestamp '${until}'

),

chosen as (

    select
        *,
        if(chance(rk, 'nickname') < ${nickname}, nickname, first_name) as called,
        if(chance(rk, 'former surname') < ${changed_surname}, former_last_name, last_name) as surname,
        case
            when email_draw < ${email_junk} then pool_junk_email(rk, 'junk email')
            when chance(rk, 'email missing') < email_missing / (1 - ${email_junk}) then null
            when email_draw < ${email_junk} + ${email_family} and household_size > 1 then family_email
            when email_draw < ${email_junk} + ${email_family} + ${email_former} or again then former_email
            else email
        end as clean_email,
        case
            when phone_draw < ${phone_junk} then pool_junk_phone(rk, 'junk phone')
            when phone_draw < ${phone_junk} + ${phone_missing} then null
            when chance(rk, 'landline') < ${phone_is_landline} then landline
            else mobile
        end as clean_phone,
        if(is_old_address, former_street, street) as lives_street,
        if(is_old_address, former_city, city) as lives_city,
        if(is_old_address, former_postcode, postcode) as lives_postcode

    from drawn

),

mistyped as (

    select
        *,
        case
            when is_initial then left(first_name, 1) || if(chance(rk, 'dot') < 0.6, '.', '')
            when chance(rk, 'first typo') < ${first_name_typo} then typing_error(called, rk, 'first typo')
            else called
        end as spelt_first,
        if(chance(rk, 'last typo') < ${last_name_typo}, typing_error(surname, rk, 'last typo'), surname) as spelt_last,
        case
            when clean_email is null or email_draw < ${email_junk} or chance(rk, 'email typo') >= ${email_typo}
                then clean_email
            else typing_error(split_part(clean_email, '@', 1), rk, 'email typo')
                || '@' || split_part(clean_email, '@', 2)
        end as spelt_email,
        case
            when chance(rk, 'birth missing') < ${birth_date_missing} then null
            when chance(rk, 'birth wrong') >= ${birth_date_wrong} then birth_date
            -- Day and month swapped where that is a date, else a year off.
            when day(birth_date) <= 12 then make_date(year(birth_date), day(birth_date), month(birth_date))
            else birth_date + 365
        end as stated_birth_date,
        if(
            chance(rk, 'postcode typo') < ${postcode_wrong},
            left(lives_postcode, length(lives_postcode) - 2)
            || (choice(rk, 'postcode digit', 10) - 1)::varchar || right(lives_postcode, 1),
            lives_postcode
        ) as spelt_postcode

    from chosen

)

select
    kind,
    source_id,
    kind || ':' || source_id as record_id,
    person_no,
    person_id,
    household_id,
    household_no,
    household_size,
    rk,
    again,
    created_at,
    if(is_swapped, spelt_last, spelt_first) as first_name,
    if(is_swapped, spelt_first, spelt_last) as last_name,
    gender,
    stated_birth_date as birth_date,
    case
        when chance(rk, 'email format') < 0.04 then upper(spelt_email)
        when chance(rk, 'email format') < 0.05 then ' ' || spelt_email
        when chance(rk, 'email format') < 0.06 then spelt_email || ' '
        else spelt_email
    end as email,
    written_phone(clean_phone, country, chance(rk, 'phone format')) as phone,
    lives_street as street,
    lives_city as city,
    spelt_postcode as zip,
    country,
    national_id,
    language

from mistyped;
