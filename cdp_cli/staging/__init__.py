"""How sources come in: files into raw tables, and models into the entities and traits that they give."""
