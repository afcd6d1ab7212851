"""Random histories of records, decisions and rules, played by the build's code against the laws of ids."""
