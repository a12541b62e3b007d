-- Where a point lies in the Web-Mercator world, as whole numbers (see geo/tiles.py, its twin in numpy).
-- Schema-qualified throughout: generated columns call these while a dump is restored with an empty search_path.

create function public.world_x(g public.geometry) returns integer
    language sql immutable strict parallel safe
    return greatest(0, least(2147483647::bigint, floor((public.st_x(g) + 180.0) / 360.0 * 2147483648.0)::bigint))::integer;

create function public.world_y(g public.geometry) returns integer
    language sql immutable strict parallel safe
    return greatest(0, least(2147483647::bigint, floor((0.5 - ln(
        (1.0 + greatest(-0.9999999, least(0.9999999, sin(radians(public.st_y(g))))))
        / (1.0 - greatest(-0.9999999, least(0.9999999, sin(radians(public.st_y(g)))))))
        / (4.0 * pi())) * 2147483648.0)::bigint))::integer;

create function public.spread_bits(v bigint) returns bigint
    language plpgsql immutable strict parallel safe as $$
begin
    v := (v | (v << 16)) & 281470681808895;
    v := (v | (v << 8)) & 71777214294589695;
    v := (v | (v << 4)) & 1085102592571150095;
    v := (v | (v << 2)) & 3689348814741910323;
    return (v | (v << 1)) & 6148914691236517205;
end $$;

-- Where an area's name stands: the middle of the largest circle inside it. Decided once, when the shape is stored.
create function public.label_place(g public.geometry) returns public.geometry
    language sql immutable strict parallel safe
    return (public.st_maximuminscribedcircle(g)).center;

-- An outline for maps of a whole area, simplified to about two metres.
create function public.plain_outline(g public.geometry) returns public.geometry
    language sql immutable strict parallel safe
    return public.st_multi(public.st_simplifypreservetopology(g, 0.00002));

-- Z-order of the z20 tile that holds the point: x in the even bits, y in the odd ones.
create function public.morton_of(g public.geometry) returns bigint
    language sql immutable strict parallel safe
    return public.spread_bits((public.world_x(g) >> 11)::bigint)
         | (public.spread_bits((public.world_y(g) >> 11)::bigint) << 1);
