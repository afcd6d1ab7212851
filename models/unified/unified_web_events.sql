-- Written by `cdp generate` from the properties files of the project: run it again instead of editing.
{{ cdp.unified('web_event', [
    ref('stg_web__events'),
]) }}
