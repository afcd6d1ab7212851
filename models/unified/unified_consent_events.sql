-- Written by `cdp generate` from the properties files of the project: run it again instead of editing.
{{ cdp.unified('consent_event', [
    ref('stg_consent__events'),
]) }}
