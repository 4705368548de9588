"""How the tables of a record came to be, step by step; by Alembic."""
