-- Opened at least three e-mails in 90 days or clicked one, and never bought.
select profile_id

from {{ ref('profile_traits') }}

where
    count_orders = 0
    and (count_emails_opened_90d >= 3 or count_emails_clicked_90d >= 1)
