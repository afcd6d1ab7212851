"""Makes projects: writes a new one, adds the engine to one that exists, brings one to another version."""
