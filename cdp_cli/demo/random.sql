-- Chance without a random number generator: every draw is a function of a key and the purpose of the draw.
--
-- A key is a 32-bit number that stands for a person, a record, an order, ... made from the seed and the thing's
-- own number, so a draw depends on neither row order nor threads nor DuckDB's version. DuckDB's hash() is as
-- fast but changes between versions; md5 is stable but 30 times slower (10,000,000 draws: 3.7 s, these 0.1 s).
-- The mixer is two rounds of xorshift and multiplication with odd constants, a bijection of 32 bits.

create or replace temp macro low32(x) as (x) & 4294967295::ubigint;
create or replace temp macro mix_one(x) as low32(xor(x, x >> 16) * 2146121005::ubigint);
create or replace temp macro mix_two(x) as low32(xor(x, x >> 15) * 2221713035::ubigint);
create or replace temp macro mix(x) as mix_two(mix_one(x));

-- A constant of a text, folded when a statement is planned.
create or replace temp macro purpose_code(purpose) as low32(md5_number_lower(purpose));

-- The key of the n-th thing of a kind: distinct for distinct n below 2^32.
create or replace temp macro key_of(n, kind) as
    mix(xor(mix(xor((n)::ubigint, purpose_code('${seed}' || kind))), purpose_code(kind || '${seed}')));
-- The key of the n-th part of a thing.
create or replace temp macro part_key(k, n) as
    mix(xor(mix(low32(k + ((n)::ubigint & 4294967295::ubigint) * 2654435769::ubigint)), (n)::ubigint & 65535::ubigint));

-- Draws. chance: uniform in [0, 1). choice: 1 to n. zipf: 1 to n, low ones more often, flatter for larger q.
create or replace temp macro chance(k, purpose) as mix(xor(k, purpose_code(purpose))) / 4294967296.0::double;
create or replace temp macro choice(k, purpose, n) as 1 + floor(chance(k, purpose) * (n))::bigint;
create or replace temp macro zipf(k, purpose, n, q) as
    1 + floor((q) * (pow(((n) + (q)) / (q)::double, chance(k, purpose)) - 1))::bigint;
-- Exponential of mean 1, and gamma of shape 1.5 (mean 1.5): an exponential and half a squared normal.
create or replace temp macro exponential(k, purpose) as -ln(1 - chance(k, purpose));
create or replace temp macro gamma_1_5(k, purpose) as
    exponential(k, purpose)
    + exponential(k, purpose || ' radius') * pow(cos(2 * pi() * chance(k, purpose || ' angle')), 2);

-- Poisson counts by inverse distribution, for means in steps of 1/20 between which a draw decides.
create or replace temp table poisson_steps as
with

masses as (

    select
        steps.range as step,
        counts.range as events,
        case
            when steps.range = 0 then (counts.range = 0)::integer
            else exp(-steps.range / 20.0 + counts.range * ln(steps.range / 20.0) - lgamma(counts.range + 1.0))
        end as mass

    from range(0, 1201) as steps

    cross join range(0, 100) as counts

),

cumulated as (

    select
        step,
        events,
        sum(mass) over (partition by step order by events) as below

    from masses

)

select
    step,
    list(below order by events) as cumulated

from cumulated

group by step;

create or replace temp macro poisson_step(mean, k, purpose) as
    least(1200, floor((mean) * 20 + chance(k, purpose || ' step'))::bigint);
create or replace temp macro poisson_count(cumulated, k, purpose) as
    len(list_filter(cumulated, lambda below: below <= chance(k, purpose)));

-- Text.
-- An id of 64 bits as 16 hexadecimal digits: distinct for distinct (high, low).
create or replace temp macro hex_id(high, low, kind) as
    format('{:08x}', mix(xor((high)::ubigint, purpose_code('${seed}' || kind))))
    || format('{:08x}', mix(xor((low)::ubigint, mix(xor((high)::ubigint, purpose_code(kind || '${seed}'))))));
create or replace temp macro number_id(n, kind) as format('{:010d}', key_of(n, kind));
create or replace temp macro subscriber_id(record_no) as format('{:08x}', key_of(record_no, 'subscriber'));
create or replace temp macro letter(k, purpose) as substr('abcdefghijklmnopqrstuvwxyz', choice(k, purpose, 26), 1);
create or replace temp macro digits(k, purpose, n) as
    lpad(floor(chance(k, purpose) * pow(10, n))::bigint::varchar, n, '0');
-- One typing error after the first letter: two letters swapped, one dropped, doubled or replaced.
create or replace temp macro typing_error_at(t, k, purpose, p) as
    case choice(k, purpose || ' kind', 4)
        when 1 then left(t, p) || substr(t, p + 2, 1) || substr(t, p + 1, 1) || substr(t, p + 3)
        when 2 then left(t, p) || substr(t, p + 2)
        when 3 then left(t, p) || substr(t, p, 1) || substr(t, p + 1)
        else left(t, p) || letter(k, purpose || ' letter') || substr(t, p + 2)
    end;
create or replace temp macro typing_error(t, k, purpose) as
    typing_error_at(t, k, purpose, choice(k, purpose || ' place', greatest(1, length(t) - 2)));
create or replace temp macro letters_only(t) as regexp_replace(strip_accents(lower(t)), '[^a-z]', '', 'g');
