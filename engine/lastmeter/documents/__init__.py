"""Documents: files that people hand in, judged by their content, kept by it, sealed where they are classified."""
