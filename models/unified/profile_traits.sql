-- Written by `cdp generate` from the properties files of the project: run it again instead of editing.
{{ cdp.profile_traits([
    ref('activity_traits'),
    ref('email_traits'),
    ref('order_traits'),
    ref('person_traits'),
    ref('support_traits'),
    ref('web_traits'),
]) }}
