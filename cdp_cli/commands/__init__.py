"""One command per file: it reads options, calls the library, prints. A package is a group of commands."""
