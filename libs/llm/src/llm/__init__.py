"""One port to language models: OpenAI, Gemini, and an offline fall-back."""
