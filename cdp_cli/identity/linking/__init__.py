"""Which pairs of records may be one person: features, blocks, comparisons, scores and vetoes."""
