-- Written by `cdp generate` from the properties files of the project: run it again instead of editing.
{{ cdp.unified('email_event', [
    ref('stg_email__events'),
]) }}
