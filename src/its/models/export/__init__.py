"""The embedded models in other engines' formats: GGUF (llama.cpp) and Hugging Face's."""
