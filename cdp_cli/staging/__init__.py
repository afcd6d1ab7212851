"""How sources come in: files into raw tables, and staging models into the shared vocabulary."""
