-- 1. Photographs and papers of a renovation site: what phase they show, how far from the site they were taken, and why
-- one was withdrawn. A withdrawn one stays.

alter table public.attachment add column phase text;
alter table public.attachment add constraint ck_attachment_phase check (phase in ('before', 'during', 'after'));
alter table public.attachment add column distance_m integer;
alter table public.attachment add column withdrawn_at timestamptz;
alter table public.attachment add column withdrawn_by bigint;
alter table public.attachment add column withdraw_reason text;
alter table public.attachment add constraint ck_attachment_withdrawn
    check ((withdrawn_at is null) = (withdraw_reason is null));
alter table public.attachment add constraint fk_attachment_withdrawn_by
    foreign key (withdrawn_by) references public.account (id);
-- A site that comes to another village takes its photographs along, as it does its gates.
alter table public.attachment drop constraint fk_attachment_site_id_jur;
alter table public.attachment add constraint fk_attachment_site_id_jur foreign key (site_id, jur)
    references public.renovation_site (id, jur) on update cascade deferrable initially deferred;
create index ix_attachment_site_id on public.attachment (site_id) where site_id is not null;
