"""The distributed engine: a SparkSession, or Spark Connect."""
