"""How good a resolution is, against the truth or against decisions."""
