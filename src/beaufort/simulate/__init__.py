"""A replica of an engine on a virtual clock, which the emulated engine steps on the real one."""
