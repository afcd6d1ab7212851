with

unlike_names as (

    select distinct
        name,
        other_name

    from {{ ref('identity_unlike_names') }}

),

nicknames as (

    select * from {{ ref('nicknames') }}

),

name_forms as (

    select
        unlike_names.name,
        nicknames.name as form

    from unlike_names

    inner join nicknames
        on unlike_names.name = nicknames.nickname

    union

    select
        name,
        name as form

    from unlike_names

),

-- A nickname with a slip in it is still a nickname: rsoe for rosemary.
slipped_nicknames as (

    select distinct
        unlike_names.name,
        unlike_names.other_name

    from unlike_names

    inner join nicknames
        on unlike_names.other_name = nicknames.name

    where {{ is_slipped_nickname('unlike_names.name', 'nicknames.nickname') }}

),

-- Two names are related if a form of the one is a form of the other, or is but for one slip.
final as (

    select
        name,
        other_name

    from slipped_nicknames

    union

    select
        other_name as name,
        name as other_name

    from slipped_nicknames

    union

    select
        unlike_names.name,
        unlike_names.other_name

    from unlike_names

    inner join name_forms as forms
        on unlike_names.name = forms.name

    inner join name_forms as other_forms
        on unlike_names.other_name = other_forms.name

    where
        forms.form = other_forms.form
        or (length(forms.form) = 1 and other_forms.form like forms.form || '%')
        or (length(other_forms.form) = 1 and forms.form like other_forms.form || '%')
        or (
            length(forms.form) > 3
            and {{ edit_distance('forms.form', 'other_forms.form') }} <= 1
        )

)

select * from final
