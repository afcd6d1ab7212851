-- Written by `cdp generate` from the properties files of the project: run it again instead of editing.
{{ cdp.unified('person', [
    ref('stg_crm__contacts'),
    ref('stg_crm__leads'),
    ref('stg_email__subscribers'),
    ref('stg_pos__buyers'),
    ref('stg_pos__members'),
    ref('stg_shop__customers'),
    ref('stg_shop__guests'),
    ref('stg_support__requesters'),
    ref('stg_web__visitors'),
]) }}
