"""Data rows with their sources: the Mistral family and the accelerators it runs on."""
