"""What appliances and caches are told: manifests, and RFC 8007 documents.

Others use: `manifests`, `rfc8007`.
"""
