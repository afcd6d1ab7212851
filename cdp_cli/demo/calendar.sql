-- When things happen: times of day, the year, the week, the newsletter, and the loader.

-- Time. A time of day between 07:00 and 23:00, most often in the early evening.
create or replace temp macro moment_of(day, k, purpose) as
    day + to_seconds(floor(25200 + 28800 * (chance(k, purpose) + sqrt(chance(k, purpose || ' late'))))::bigint);
-- When the hourly loader brought a row in.
create or replace temp macro loaded(occurred_at) as
    least(date_trunc('hour', occurred_at) + interval '65 minutes', timestamp '${until}' - interval '1 second');

-- The year, the week, and the newsletter: each subscriber gets one every 14 days, on a Tuesday or Thursday.
create or replace temp macro season(day) as
    list_extract([1.15, 0.70, 0.85, 0.95, 1.00, 1.05, 0.90, 0.80, 0.95, 1.00, 1.45, 1.75], month(day));
create or replace temp macro weekday_pull(day) as
    list_extract([0.92, 0.92, 0.95, 0.97, 1.02, 1.20, 1.05], isodow(day));
-- 1970-01-05 was a Monday.
create or replace temp macro day_of_fortnight(day) as ((day)::date - date '1970-01-05') % 14;
create or replace temp macro newsletter_slot(k) as list_extract([1, 3, 8, 10], choice(k, 'slot', 4));
create or replace temp macro days_since_newsletter(day, slot) as (day_of_fortnight(day) - (slot) + 14) % 14;

-- When a subscription ends by itself.
create or replace temp macro subscription_end(subscribed_at, k) as
    subscribed_at + to_seconds(
        floor(least(1e9, 31557600 * exponential(k, 'subscription ends') / ${subscriber_leaves_a_year}))::bigint
    );
