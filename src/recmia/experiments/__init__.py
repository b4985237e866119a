"""What every paper's experiments share: kept results, the result table, measuring, figures."""
