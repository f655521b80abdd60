"""The doors for producers: what hospitals and departments really send becomes feed records, without
identity."""
