-- A village divided into grids that hold about as many households is an edit of boundaries like the others.

alter table public.area_edit drop constraint ck_area_edit_act;
alter table public.area_edit add constraint ck_area_edit_act
    check (act in ('draw', 'change', 'split', 'merge', 'delete', 'grids'));
