"""How requests come: how long they are, how their rate moves, what they share. Pure values for planner and simulator.

| Module | Holds |
|---|---|
| `lengths` | lengths of prompts and answers, as a few weighted values |
| `course` | how the rate moves over time: steady, by day, in spikes, as recorded |
| `demand` | all of it for one service, from the figures of its file or from a trace |
| `trace` `azure` `mooncake` | recorded traffic, and readers of its two formats |
| `summary` | what a trace says of rate, lengths, bursts and shared prefixes |
| `sampling` | single requests drawn from it |
"""
