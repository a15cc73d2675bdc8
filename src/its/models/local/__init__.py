"""Models by their file: a GGUF that llama.cpp runs in a child process (the extra `local`)."""
