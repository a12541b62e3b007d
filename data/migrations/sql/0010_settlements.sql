-- Natural villages and groups are edited like grids, and villages are split and merged. A duty follows the land it was
-- given for, so that it is noted with the rest of an edit and taken back with it.

alter table public.area_edit drop constraint ck_area_edit_act;
alter table public.area_edit add constraint ck_area_edit_act
    check (act in ('draw', 'change', 'split', 'merge', 'delete'));
alter table public.area_edit drop constraint ck_area_edit_level;
alter table public.area_edit add constraint ck_area_edit_level
    check (level in ('village', 'grid', 'natural_village', 'group'));

create trigger a_note_insert after insert on public.duty referencing new table as new_rows
    for each statement execute function public.note_change('r.id::text');
create trigger a_note_update after update on public.duty referencing old table as old_rows
    for each statement execute function public.note_change('r.id::text');
create trigger a_note_delete after delete on public.duty referencing old table as old_rows
    for each statement execute function public.note_change('r.id::text');
