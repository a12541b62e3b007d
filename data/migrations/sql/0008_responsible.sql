-- Who is responsible for a place: the inspectors and supervisors with the nearest duty that holds it. An account is seen by
-- itself and by administrators only, so this says no more than the name, the role and the area of that duty, to those who
-- read the overview, and only of duties that lie wholly inside their own. The operator's commands see all.

create function sec.responsible(p_jurs bigint[], out jur bigint, out account_id bigint, out full_name text, out role text,
                                out duty_jur bigint, out duty_end bigint) returns setof record
    language sql stable security definer set search_path = pg_catalog, public as $$
    with asking as materialized (select a.role, a.duty from sec.asking() a),
    permitted as (
        select d.jur, d.jur_end, a.id, a.full_name, a.role
          from public.duty d join public.account a on a.id = d.account_id
         where a.disabled_at is null and a.role in ('inspector', 'supervisor')
           and (current_setting('role') = 'fangtu_owner'
                or exists (select 1 from asking k where k.role in ('leader', 'supervisor', 'admin')
                                                    and k.duty @> int8range(d.jur, d.jur_end)))),
    ranked as (
        select j.jur, p.id, p.full_name, p.role, p.jur as duty_jur, p.jur_end as duty_end,
               rank() over (partition by j.jur order by p.jur_end - p.jur) as near
          from unnest(p_jurs) as j (jur) join permitted p on j.jur >= p.jur and j.jur < p.jur_end)
    select distinct r.jur, r.id, r.full_name, r.role, r.duty_jur, r.duty_end from ranked r where near = 1
$$;
revoke all on function sec.responsible(bigint[]) from public;
grant execute on function sec.responsible(bigint[]) to fangtu_app;
