"""Google Gemini, simulated."""
