{#- What kind of subject a consent event names: email, phone, anonymous_id or customer_id, however it is spelled;
    null for any other word. -#}
{% macro consent_subject_type(column) -%}
    {%- set spellings = {
        'email': ['email', 'mail', 'emailaddress', 'mailaddress'],
        'phone': ['phone', 'phonenumber', 'telephone', 'tel', 'mobile', 'mobilephone', 'cell', 'sms', 'msisdn'],
        'anonymous_id': ['anonymousid', 'visitor', 'visitorid', 'cookie', 'cookieid', 'device', 'deviceid'],
        'customer_id': ['customerid', 'customer', 'userid', 'user', 'account', 'accountid'],
    } -%}
    case
        {%- for type, words in spellings.items() %}
            when {{ cdp.regexp_remove('lower(' ~ column ~ ')', '[^a-z]+') }} in ('{{ words | join("', '") }}')
                then '{{ type }}'
        {%- endfor %}
    end
{%- endmacro %}
