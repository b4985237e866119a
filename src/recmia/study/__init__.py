"""How the study is put together: settings, paths, pipeline, results, report."""
