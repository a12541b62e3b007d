-- As before in what it gives: JSON keeps numbers and moments exactly, geometries go as text, and columns that the database
-- computes are left out. They are left out before the row becomes JSON now: PostGIS made GeoJSON of each geometry, which
-- was then thrown away, and took four fifths of the time for it. No column may be called kept_row: it would be taken for the
-- row.
create or replace function public.row_image(p_table regclass, p_alias text) returns text
    language sql stable set search_path = pg_catalog, public as $$
    select format('(select to_jsonb(kept_row) from (select %s) kept_row)',
                  string_agg(case when atttypid = 'geometry'::regtype
                                  then format('%1$s.%2$I::text as %2$I', p_alias, attname)
                                  else format('%s.%I', p_alias, attname) end, ', ' order by attnum))
    from pg_attribute where attrelid = p_table and attnum > 0 and not attisdropped and attgenerated = ''
$$;
