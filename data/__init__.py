"""The store: tables, reading, writing, import and export, rules, migrations. Knows no Flask and no Folium."""
