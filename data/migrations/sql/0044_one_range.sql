-- Nearly every duty is one range of numbers (a county, a township, a village), and between its two ends everything is
-- inside: the multirange then says nothing that the bounds have not said, and asking it for every row took half of a count
-- of a million households. So policies ask first, once in a statement, whether the duty is one range.

create function sec.one_range() returns boolean
    language plpgsql stable parallel safe set search_path = pg_catalog, public as $$
declare duty int8multirange := sec.duty();
begin
    return not isempty(duty) and duty = range_merge(duty)::int8multirange;
end $$;
revoke all on function sec.one_range() from public;
grant execute on function sec.one_range() to fangtu_app;

-- Records of a place, and areas that overlap the duty: the policies to read by whose bounds are the very ones that the
-- multirange narrows. Others name both ends too and mean something else by the multirange (a whole pack lies in the duty,
-- while its bounds are those of one that overlaps it), so the three conditions are replaced together or not at all.
do $$
declare
    inside constant text := '(jur >= ( SELECT sec.lo() AS lo)) AND (jur < ( SELECT sec.hi() AS hi)) AND ';
    in_parts constant text := '(( SELECT sec.duty() AS duty) @> jur)';
    over constant text := '(jur < ( SELECT sec.hi() AS hi)) AND (jur_end > ( SELECT sec.lo() AS lo)) AND ';
    over_parts constant text := '(( SELECT sec.duty() AS duty) && int8range(jur, jur_end))';
    p record;
    sooner text;
begin
    for p in select schemaname, tablename, policyname, qual from pg_policies
              where cmd = 'SELECT' and 'fangtu_app' = any (roles)
    loop
        sooner := replace(p.qual, inside || in_parts, inside || '((select sec.one_range()) or ' || in_parts || ')');
        sooner := replace(sooner, over || over_parts, over || '((select sec.one_range()) or ' || over_parts || ')');
        if sooner <> p.qual then
            execute format('alter policy %I on %I.%I using (%s)', p.policyname, p.schemaname, p.tablename, sooner);
        end if;
    end loop;
end $$;
