"""Which endpoint takes a request, and which endpoints are fit to: pure decisions."""
