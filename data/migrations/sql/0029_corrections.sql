-- A correction stands in place of the visit it corrects wherever the duty has moved meanwhile: who made a visit may set it
-- aside, who may send for somebody as well, and nobody else. What the correction itself is about stays as the policies of the
-- tables have it.

-- Set a visit aside for its correction, both by the same person; gives the household it was at, if there was one to set aside.
create function sec.set_aside(p_old uuid, p_new uuid) returns table (household_id bigint)
    language plpgsql volatile security definer set search_path = pg_catalog, public as $$
#variable_conflict use_column
declare old record;
begin
    update visit v set superseded_by = p_new, suspect = array_remove(v.suspect, 'duplicate'), updated_at = now()
      from visit n
     where v.id = p_old and n.id = p_new and n.id <> v.id and n.account_id = v.account_id and v.superseded_by is null
       and (v.account_id = (select sec.account_id()) or sec.may_send_for(v.account_id))
    returning v.household_id, v.campaign_id, v.round_no into old;
    if not found or old.household_id is null then return; end if;
    -- The only one left is no second one. Whoever sends sees it no more where the household lies elsewhere by now.
    update visit o set suspect = array_remove(o.suspect, 'duplicate')
     where o.household_id = old.household_id and o.campaign_id = old.campaign_id and o.round_no = old.round_no
       and 'duplicate' = any (o.suspect) and o.superseded_by is null
       and not exists (select 1 from visit p
                        where p.household_id = old.household_id and p.campaign_id = old.campaign_id
                          and p.round_no = old.round_no and p.id <> o.id and p.counts and p.superseded_by is null);
    return query select old.household_id;
end $$;

-- The correction of a visit that came before it, by the same person; null without one.
create function sec.correction_of(p_visit uuid, p_account bigint, p_corrects uuid) returns uuid
    language sql stable security definer set search_path = pg_catalog, public as $$
    select f.visit_id from field_visit f join visit o on o.id = f.visit_id
     where f.supersedes = p_visit and o.account_id = p_account and f.visit_id is distinct from p_corrects
       and (p_account = (select sec.account_id()) or sec.may_send_for(p_account))
     limit 1
$$;
revoke all on function sec.set_aside(uuid, uuid), sec.correction_of(uuid, bigint, uuid) from public;
grant execute on function sec.set_aside(uuid, uuid), sec.correction_of(uuid, bigint, uuid) to fangtu_app;

-- A demand of a visit that is corrected from outside the asker's duty: it says what the correction says, belongs to it, and
-- stays where its household is. False where there is none such; one within the duty the asker's own policies let change.
create function sec.correct_demand(p_demand uuid, p_new uuid, p_old uuid, p_class text, p_words text, p_solved boolean,
                                   p_question text, p_photos uuid[]) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, public as $$
begin
    update demand d set visit_id = p_new, class_key = p_class, words = p_words, solved = p_solved,
           from_question = p_question, photos = d.photos || array(select p from unnest(p_photos) p where p <> all (d.photos)),
           updated_at = now()
      from visit n
     where d.id = p_demand and d.visit_id = p_old and n.id = p_new and n.account_id = d.account_id
       and (d.account_id = (select sec.account_id()) or sec.may_send_for(d.account_id))
       and not (select sec.duty()) @> d.jur;
    return found;
end $$;

-- Photographs of a demand that a correction, which came first, has already; false where it has no such demand.
create function sec.add_demand_photos(p_demand uuid, p_visit uuid, p_photos uuid[]) returns boolean
    language plpgsql volatile security definer set search_path = pg_catalog, public as $$
begin
    update demand d set photos = array(select p from unnest(p_photos) p where p <> all (d.photos)) || d.photos
      from field_visit f, visit v
     where d.id = p_demand and f.visit_id = d.visit_id and f.supersedes = p_visit
       and v.id = p_visit and v.account_id = d.account_id
       and (d.account_id = (select sec.account_id()) or sec.may_send_for(d.account_id));
    return found;
end $$;
revoke all on function sec.correct_demand(uuid, uuid, uuid, text, text, boolean, text, uuid[]),
    sec.add_demand_photos(uuid, uuid, uuid[]) from public;
grant execute on function sec.correct_demand(uuid, uuid, uuid, text, text, boolean, text, uuid[]),
    sec.add_demand_photos(uuid, uuid, uuid[]) to fangtu_app;
