"""Everything that computes: read, embed, neighbors, project, cluster, name, issues, curate, export; no user interface."""
