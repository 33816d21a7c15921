"""How long one step of an engine takes on an accelerator."""
