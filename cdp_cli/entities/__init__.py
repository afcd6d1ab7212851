"""The shared vocabulary: one YAML a kind of row that staging models give and everything else reads."""
