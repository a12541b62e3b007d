-- The plan of a look-back (回头看): how many false visits it reckons with, and with which power it certifies before it is
-- given up. Look-backs drawn before there were plans keep none, and are judged as they were.

alter table public.lookback
    add column reckoned numeric(5, 4),
    add column power numeric(5, 4),
    add constraint ck_lookback_plan check ((reckoned is null) = (power is null)
        and reckoned between 0 and 0.9 and power >= 0.05 and power < 1);
