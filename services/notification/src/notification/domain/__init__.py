"""Letters, the send brake and what the agent is told: values and rules without I/O."""
